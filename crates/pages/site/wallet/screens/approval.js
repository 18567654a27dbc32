/**
 * What this device is asked to approve: all of it at a glance, the time that is left, the PIN for yes and a button for
 * no; and what came of it.
 */
import { h, icon } from '/shared/dom.js';
import { money, t } from '/shared/i18n.js';
import { onLeave } from '../lifecycle.js';
import { alert, banner, bigAmount, button, statement, triesWarning } from './parts.js';
import { pinPad } from './pinpad.js';

/** @typedef {import('../types.js').Question} Question */
/** @typedef {import('../types.js').Ending} Ending */

const TICK_MS = 250;
/** So long a question takes no press: it may have come under a finger that meant something else. */
const SETTLE_MS = 600;
/** When a screen reader says how much time is left. */
const SAID_AT_S = [60, 30, 10];

/**
 * @param {{ question: Question, moreCount: number, triesLeft: number | null, fault: string | null, isFresh: boolean, nowMs: () => number }} model
 *   `moreCount`: how many wait behind it; `isFresh`: it has just appeared by itself
 * @param {{ approve: (pin: string) => void, refuse: () => void, later: () => void, elapsed: () => void }} actions
 */
export function approval({ question, moreCount, triesLeft, fault, isFresh, nowMs }, actions) {
  const { element: left, tick } = timeLeft(question, nowMs);
  const answers = h('div', { class: 'answers' },
    h('div', { class: 'pin-place' },
      h('p', { class: 'muted small centred' }, t('approval.pin')),
      pinPad({ okLabel: t('approval.approve'), onPin: actions.approve })),
    h('div', { class: 'actions' }, button('refuse', t('approval.refuse'), actions.refuse, { kind: 'danger', mark: 'cross', size: 'wide big' })));
  const element = h('main', { class: 'page approval', dataset: { screen: 'approval', kind: question.kind, question: question.id } },
    h('div', { class: 'dialog', role: 'alertdialog', 'aria-modal': 'true', 'aria-labelledby': 'approval-title', 'aria-describedby': 'approval-about' },
      h('div', { class: 'topbar' },
        h('h1', { id: 'approval-title', tabindex: '-1' }, t(`approval.${question.kind}`)),
        h('button', { type: 'button', class: 'button quiet', dataset: { action: 'later' }, onclick: actions.later }, t('approval.later'))),
      about(question),
      left,
      moreCount > 0 && h('p', { class: 'muted small centred' }, t('approval.more', { count: moreCount })),
      alert(fault ?? triesWarning(triesLeft)),
      answers));
  settle(element, answers, isFresh);
  const timer = setInterval(() => {
    if (tick()) return;
    clearInterval(timer);
    actions.elapsed();
  }, TICK_MS);
  onLeave(element, () => clearInterval(timer));
  return element;
}

export function sendingAnswer() {
  return statement('approval-sending', { title: t('approval.sending'), kind: 'wait', isBusy: true });
}

/** @type {Record<Ending, { kind: 'good' | 'bad' | 'wait', mark: import('/shared/dom.js').IconName }>} */
const LOOKS = {
  approved: { kind: 'good', mark: 'check' },
  refused: { kind: 'bad', mark: 'cross' },
  expired: { kind: 'wait', mark: 'clock' },
  over: { kind: 'wait', mark: 'undo' },
};

/**
 * What came of a question. An approved payment still waits for its confirmation.
 * @param {{ question: Question, ending: Ending }} model
 * @param {{ done: () => void }} actions
 */
export function answered({ question, ending }, actions) {
  const isPayment = question.kind === 'payment';
  const isUnderWay = isPayment && ending === 'approved';
  const isStranger = !isPayment && ending === 'refused';
  return statement('approval-ended', {
    title: t(`approval.${ending}`),
    ...LOOKS[ending],
    isBusy: isUnderWay,
    ...(isUnderWay ? { kind: /** @type {const} */ ('wait') } : {}),
    dataset: { ending, kind: question.kind },
    content: [
      question.amountMinor !== null && question.currency && bigAmount(question.amountMinor, question.currency),
      question.payee && h('p', null, question.payee),
      h('p', null, t(`approval.${ending}.${isPayment ? 'payment' : 'request'}`)),
      isStranger && banner('warn', 'warn', t('approval.stranger')),
    ],
    actions: [button(isPayment ? 'home' : 'done', t(isUnderWay ? 'action.home' : 'action.done'), actions.done, { kind: isUnderWay ? 'quiet' : 'primary', size: 'wide big' })],
  });
}

/** @param {Question} question */
function about({ kind, amountMinor, currency, payee, text, till }) {
  const toWhom = { payment: 'approval.shop', transfer: 'approval.to', login: 'approval.where', other: 'approval.where' };
  return h('div', { class: 'card about', id: 'approval-about' },
    amountMinor !== null && currency && h('div', { class: sizeOf(money(amountMinor, currency)) }, bigAmount(amountMinor, currency)),
    payee && h('p', { class: 'payee' }, h('span', { class: 'muted small' }, t(toWhom[kind])), ' ', h('strong', null, payee)),
    till && h('p', { class: 'muted small' }, t('approval.till', { till })),
    text && h('p', { class: 'words' }, h('span', { class: 'muted small' }, t('approval.words')), ' ', h('q', null, text)));
}

/** An amount stands on one line as long as it can. @param {string} text */
function sizeOf(text) {
  if (text.length > 16) return 'sum longest';
  return text.length > 10 ? 'sum long' : 'sum';
}

/**
 * @param {HTMLElement} element
 * @param {HTMLElement} answers
 * @param {boolean} isFresh
 */
function settle(element, answers, isFresh) {
  if (!isFresh) return;
  answers.inert = true;
  const timer = setTimeout(() => { answers.inert = false; }, SETTLE_MS);
  onLeave(element, () => clearTimeout(timer));
}

/**
 * @param {Question} question
 * @param {() => number} nowMs
 */
function timeLeft({ askedAtMs, expiresAtMs }, nowMs) {
  const bar = h('span');
  const words = h('span', { class: 'number' });
  const said = h('p', { class: 'visually-hidden', role: 'status' });
  const element = h('div', { class: 'countdown' },
    h('div', { class: 'progress', 'aria-hidden': 'true' }, bar),
    h('p', { class: 'row', role: 'timer' }, icon('clock'), words),
    said);
  const wholeMs = Math.max(1, expiresAtMs - askedAtMs);
  let before = Infinity;

  /** Draws the time that is left; false once there is none. */
  function tick() {
    const leftMs = Math.max(0, expiresAtMs - nowMs());
    const seconds = Math.ceil(leftMs / 1000);
    bar.style.setProperty('--value', String(Math.min(1, leftMs / wholeMs)));
    const text = inWords(seconds);
    if (words.textContent !== text) words.textContent = text;
    if (SAID_AT_S.some((at) => seconds <= at && before > at && before < Infinity)) said.textContent = text;
    before = seconds;
    return leftMs > 0;
  }
  tick();
  return { element, tick };
}

/** Seconds while there are few, else minutes or hours. @param {number} seconds */
function inWords(seconds) {
  if (seconds <= 120) return t('code.seconds', { count: seconds });
  const minutes = Math.floor(seconds / 60);
  return minutes <= 90 ? t('approval.minutes', { count: minutes }) : t('approval.hours', { count: Math.floor(minutes / 60) });
}
