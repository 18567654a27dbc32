/**
 * Moving to a new phone: how it goes, the code for the new phone as long as it is good, and the end of this one.
 */
import { h, icon } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { drawModules } from '/shared/symbol.js';
import { onLeave } from '../lifecycle.js';
import { banner, button, screen, statement } from './parts.js';

const TICK_MS = 500;
/** Pixels of the canvas to a module; the card's size is the screen's affair. */
const MODULE_PX = 6;

/**
 * @param {{ isOnline: boolean }} model
 * @param {{ go: () => void, back: () => void }} actions
 */
export function move({ isOnline }, actions) {
  return screen('move', {
    title: t('move.title'),
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, t('move.text')),
      h('ol', { class: 'steps' }, ['move.step1', 'move.step2', 'move.step3'].map((step) => h('li', null, h('span', null, t(step))))),
      banner('', 'info', t('move.stays')),
      !isOnline && banner('warn', 'offline', t('fault.offline')),
    ],
    actions: [button('go', t('move.go'), actions.go, { kind: 'primary', mark: 'key', size: 'wide big' })],
  });
}

export function beginningMove() {
  return statement('beginning-move', { title: t('move.beginning'), kind: 'wait', isBusy: true });
}

/**
 * @param {{ move: import('../types.js').MoveCode, nowMs: () => number, isCopied: boolean }} model
 * @param {{ copy: () => void, back: () => void, elapsed: () => void }} actions `elapsed` is called once its time is over
 */
export function moveCode({ move: { code, expiresAtMs, symbol }, nowMs, isCopied }, actions) {
  const left = h('p', { class: 'row centred-row number', role: 'timer' });
  const canvas = h('canvas', { role: 'img', 'aria-label': t('move.symbol') });
  drawModules(canvas, symbol, MODULE_PX);
  /** Draws the time that is left; false once there is none. */
  const tick = () => {
    const leftMs = expiresAtMs - nowMs();
    left.replaceChildren(icon('clock'), h('span', null, leftText(leftMs)));
    return leftMs > 0;
  };
  const element = screen('move-code', {
    title: t('move.codeTitle'),
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, t('move.codeText')),
      h('div', { class: 'card stack centred' },
        h('p', { class: 'big-code', id: 'move-code' }, code),
        left,
        button('copy', t(isCopied ? 'word.copied' : 'word.copy'), actions.copy, { mark: isCopied ? 'check' : 'copy' })),
      h('div', { class: 'code-card move-symbol' }, canvas),
      h('p', { class: 'muted small centred' }, t('move.scan')),
      banner('warn', 'warn', t('move.secret')),
    ],
  });
  tick();
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
export function moveElapsed(_model, actions) {
  return statement('move-elapsed', {
    title: t('move.elapsed'),
    kind: 'wait',
    mark: 'clock',
    content: [h('p', null, t('move.elapsedText'))],
    actions: [
      button('again', t('action.newCode'), actions.again, { kind: 'primary', size: 'wide big' }),
      button('home', t('action.home'), actions.home, { kind: 'quiet' }),
    ],
  });
}

/**
 * @param {Record<string, never>} _model
 * @param {{ erase: () => void }} actions
 */
export function moved(_model, actions) {
  return statement('moved', {
    title: t('move.done'),
    kind: 'good',
    mark: 'check',
    content: [h('p', null, t('move.doneText'))],
    actions: [button('erase', t('settings.erase'), actions.erase, { size: 'wide big' })],
  });
}

/** Whole minutes while there are several, then seconds. @param {number} leftMs */
function leftText(leftMs) {
  const seconds = Math.max(0, Math.ceil(leftMs / 1000));
  return seconds > 60 ? t('move.minutes', { count: Math.ceil(seconds / 60) }) : t('code.seconds', { count: seconds });
}
