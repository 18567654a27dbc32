/**
 * The slim guide: at each moment the one thing to do next, with what one needs for it at hand. It
 * must not know how anything is done: what its buttons do is handed in.
 */
import { h, icon } from '/shared/dom.js';
import { hasWords, money, t } from '/shared/i18n.js';
import { duration } from './durations.js';
import { causeOf, spanOf } from './story.js';

/** @typedef {import('./types.js').Story} Story */
/** @typedef {import('./types.js').Setup} Setup */
/** @typedef {import('./types.js').Moment} Moment */
/** @typedef {{ hold(): void, again(): void, fillBank(): void, copy(text: string): Promise<boolean> }} GuideActions */

/** @type {Record<Moment, number>} */
const PLACES = {
  starting: 0, stuck: 0, activate: 1, pin: 1, account: 2, bank: 2, code: 3, typing: 3, hold: 4, reading: 4, unread: 4, paid: 5,
  declined: 5, unclear: 5,
};
const PLACE_LAST = 4;

/**
 * @param {Moment} moment
 * @param {Story} story
 * @param {Setup | null} setup
 * @param {GuideActions} actions
 * @returns {HTMLElement}
 */
export function drawGuide(moment, story, setup, actions) {
  return h('div', { class: `guide-inner ${moment}` },
    drawMark(moment),
    h('div', { class: 'guide-words' },
      h('p', { class: 'guide-title' }, t(`guide.${moment}.title`)),
      h('p', { class: 'guide-text' }, textOf(moment, story))),
    h('div', { class: 'row guide-aids' }, aidsOf(moment, setup, actions)));
}

/** @param {Moment} moment */
function drawMark(moment) {
  const place = PLACES[moment];
  const inside = markInside(moment) ?? String(place);
  return h('span', { class: 'guide-mark' },
    h('span', { class: 'guide-number', 'aria-hidden': 'true' }, inside),
    place > 0 && place <= PLACE_LAST
      ? h('span', { class: 'visually-hidden' }, t('guide.place', { place, last: PLACE_LAST }))
      : null);
}

/** @param {Moment} moment */
function markInside(moment) {
  switch (moment) {
    case 'paid': return icon('check');
    case 'declined': return icon('cross');
    case 'stuck':
    case 'unclear': return icon('warn');
    case 'starting': return h('span', { class: 'spinner' });
    default: return null;
  }
}

/**
 * @param {Moment} moment
 * @param {Story} story
 */
function textOf(moment, story) {
  if (moment === 'declined' || moment === 'unclear') {
    const cause = causeOf(story.round);
    const key = `verdict.${cause}`;
    return cause && hasWords(key) ? t(key) : t('verdict.unknown');
  }
  const { machineMs } = spanOf(story);
  if (moment === 'paid' && machineMs !== null) return t('guide.paid.timed', { time: duration(machineMs) });
  return t(`guide.${moment}.text`, { amount: money(story.amountMinor, story.currency) });
}

/**
 * @param {Moment} moment
 * @param {Setup | null} setup
 * @param {GuideActions} actions
 */
function aidsOf(moment, setup, actions) {
  switch (moment) {
    case 'account':
    case 'bank':
      return setup ? [
        drawCopy(t('guide.customerNumber'), setup.customer_number, actions),
        drawCopy(t('guide.password'), setup.bank_password, actions),
        moment === 'bank' ? h('button', { class: 'button primary', onclick: actions.fillBank }, t('guide.fill')) : null,
      ] : [];
    case 'hold':
    case 'unread':
      return [drawHold(actions)];
    case 'paid':
      return [h('button', { class: 'button primary', onclick: actions.again }, icon('refresh'), t('guide.payAgain'))];
    case 'declined':
    case 'unclear':
      return [h('button', { class: 'button primary', onclick: actions.again }, icon('refresh'), t('word.retry'))];
    default:
      return [];
  }
}

/** @param {GuideActions} actions */
function drawHold(actions) {
  return h('button', {
    class: 'button primary big',
    // The phone hides its code when it loses the focus: pressing this with a finger or a mouse takes none.
    onpointerdown: (/** @type {PointerEvent} */ event) => event.preventDefault(),
    onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
    onclick: actions.hold,
  }, icon('phone'), t('guide.holdButton'));
}

/**
 * @param {string} name
 * @param {string} value
 * @param {GuideActions} actions
 */
function drawCopy(name, value, actions) {
  const said = h('span', { class: 'visually-hidden', role: 'status' });
  const place = h('span', { class: 'copy-icon' }, icon('copy'));
  const copy = async () => {
    const isCopied = await actions.copy(value);
    place.replaceChildren(icon(isCopied ? 'check' : 'copy'));
    said.textContent = isCopied ? t('word.copied') : '';
    setTimeout(() => place.replaceChildren(icon('copy')), 2000);
  };
  return h('button', { class: 'button copy', onclick: copy },
    h('span', { class: 'body' }, h('span', { class: 'sub' }, name), h('span', { class: 'title' }, value)),
    place, h('span', { class: 'visually-hidden' }, t('word.copy')), said);
}
