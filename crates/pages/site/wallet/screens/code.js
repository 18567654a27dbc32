/**
 * The payment code on the screen, and the screens when it is no longer there.
 */
import { h, icon } from '/shared/dom.js';
import { money, t } from '/shared/i18n.js';
import { drawModules, modulesAcross } from '/shared/symbol.js';
import { onLeave } from '../lifecycle.js';
import { banner, button, methodName, screen, statement } from './parts.js';

/** @typedef {import('../types.js').ShownCode} ShownCode */

const TICK_MS = 250;

/**
 * @param {{ code: ShownCode, isOnline: boolean, nowMs: () => number }} model
 * @param {{ drawn: () => void, elapsed: () => void, stop: () => void }} actions
 *   `drawn` is called once the code is on the canvas, `elapsed` once its time is over
 */
export function code({ code: shown, isOnline, nowMs }, actions) {
  const canvas = h('canvas', { id: 'code', role: 'img', 'aria-label': t('code.image'), dataset: { counter: shown.counter } });
  const card = h('div', { class: 'code-card' }, canvas);
  const { element: countdown, tick } = countdownBar(shown, nowMs);
  const element = screen('code', {
    title: t('code.title'),
    isTitleHidden: true,
    content: [
      h('p', { class: 'centred show-it' }, t('code.show')),
      card,
      countdown,
      h('dl', { class: 'facts' },
        fact(t('pay.upTo'), money(shown.capMinor, shown.currency)),
        fact(t('home.from'), methodName(shown.method)),
        fact(t('detail.till'), shown.till ?? t('code.anyTill')),
        fact(t('code.once'), shown.renewalsLeft > 0 ? t('code.renewals', { count: shown.renewalsLeft }) : t('code.last'))),
      shown.hints.includes('cap_rounded') && banner('', 'info', t('hint.cap_rounded')),
      !isOnline && banner('', 'offline', t('code.offline')),
    ],
    actions: [button('stop', t('code.stop'), actions.stop, { kind: 'quiet' })],
  });
  keepDrawn(element, card, canvas, shown, actions.drawn);
  const timer = setInterval(() => {
    if (tick()) return;
    clearInterval(timer);
    actions.elapsed();
  }, TICK_MS);
  onLeave(element, () => clearInterval(timer));
  return element;
}

/**
 * @param {Record<string, never>} _model
 * @param {{ again: () => void, home: () => void }} actions
 */
export function hidden(_model, actions) {
  return away('hidden', 'lock', actions);
}

/**
 * @param {Record<string, never>} _model
 * @param {{ again: () => void, home: () => void }} actions
 */
export function expired(_model, actions) {
  return away('expired', 'clock', actions);
}

/**
 * @param {'hidden' | 'expired'} name
 * @param {import('/shared/dom.js').IconName} mark
 * @param {{ again: () => void, home: () => void }} actions
 */
function away(name, mark, actions) {
  return statement(name, {
    title: t(`${name}.title`),
    kind: 'wait',
    mark,
    content: [h('p', null, t(`${name}.text`))],
    actions: [
      button('again', t('expired.again'), actions.again, { kind: 'primary', size: 'wide big' }),
      button('home', t('action.home'), actions.home, { kind: 'quiet' }),
    ],
  });
}

/**
 * @param {string} word
 * @param {string} value
 */
function fact(word, value) {
  return h('div', null, h('dt', null, word), h('dd', null, value));
}

/**
 * @param {ShownCode} shown
 * @param {() => number} nowMs
 */
function countdownBar(shown, nowMs) {
  const bar = h('span');
  const words = h('span', { class: 'number' });
  const element = h('div', { class: 'countdown', role: 'timer' },
    h('div', { class: 'progress', 'aria-hidden': 'true' }, bar),
    h('p', { class: 'row' }, icon('clock'), words));
  const wholeMs = Math.max(1, shown.expiresAtMs - shown.madeAtMs);

  /** Draws the time that is left; false once there is none. */
  function tick() {
    const leftMs = Math.max(0, shown.expiresAtMs - nowMs());
    bar.style.setProperty('--value', String(Math.min(1, leftMs / wholeMs)));
    const text = t('code.seconds', { count: Math.ceil(leftMs / 1000) });
    if (words.textContent !== text) words.textContent = text;
    return leftMs > 0;
  }
  tick();
  return { element, tick };
}

/**
 * Draws the code as soon as its place has a size, and again whenever that changes.
 * @param {HTMLElement} element
 * @param {HTMLElement} card
 * @param {HTMLCanvasElement} canvas
 * @param {ShownCode} shown
 * @param {() => void} drawn
 */
function keepDrawn(element, card, canvas, shown, drawn) {
  let isFirst = true;
  const draw = () => {
    if (card.clientWidth === 0) return;
    fillCard(canvas, shown, Math.min(card.clientWidth, card.clientHeight || card.clientWidth));
    if (isFirst) requestAnimationFrame(drawn);
    isFirst = false;
  };
  const observer = new ResizeObserver(draw);
  observer.observe(card);
  queueMicrotask(draw);
  onLeave(element, () => observer.disconnect());
}

/**
 * Draws the code as large as there is room, with a whole number of the screen's pixels to a module.
 * @param {HTMLCanvasElement} canvas
 * @param {ShownCode} shown
 * @param {number} roomPx in CSS pixels
 */
function fillCard(canvas, shown, roomPx) {
  const density = window.devicePixelRatio || 1;
  const modulePx = Math.max(1, Math.floor((roomPx * density) / modulesAcross(shown)));
  drawModules(canvas, shown, modulePx);
  const sizePx = `${canvas.width / density}px`;
  canvas.style.setProperty('width', sizePx);
  canvas.style.setProperty('height', sizePx);
}
