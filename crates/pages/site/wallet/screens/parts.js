/**
 * Parts that several screens share: the screen itself with its top bar, buttons with their test hooks, lines of
 * payments and methods. It must not know the engine.
 */
import { h, icon } from '/shared/dom.js';
import { money, t } from '/shared/i18n.js';

/** @typedef {import('/shared/dom.js').Child} Child */
/** @typedef {import('/shared/dom.js').IconName} IconName */
/** @typedef {import('../types.js').Method} Method */
/** @typedef {import('../types.js').PaymentState} PaymentState */

/**
 * A screen: top bar, content, and buttons at its foot.
 * @param {string} name the hook for tests
 * @param {{ title: string, isTitleHidden?: boolean, onBack?: (() => void) | null, end?: Child, content: Child[], actions?: Child[], dataset?: Record<string, string> }} parts
 */
export function screen(name, { title, isTitleHidden = false, onBack = null, end = null, content, actions = [], dataset = {} }) {
  const heading = h('h1', { class: isTitleHidden ? 'visually-hidden' : null, tabindex: '-1' }, title);
  const back = onBack && backButton(onBack);
  const buttons = actions.filter(Boolean);
  return h('main', { class: 'page', dataset: { screen: name, ...dataset } },
    h('div', { class: back ? 'topbar with-back' : 'topbar' }, back, heading, end),
    content,
    buttons.length > 0 && h('div', { class: 'actions' }, buttons));
}

/**
 * A screen that says one thing: a big mark, a headline, words below.
 * @param {string} name
 * @param {{ title: string, kind?: 'good' | 'bad' | 'wait' | '', mark?: IconName, isBusy?: boolean, content?: Child[], actions?: Child[], onBack?: (() => void) | null, dataset?: Record<string, string> }} parts
 */
export function statement(name, { title, kind = '', mark = 'info', isBusy = false, content = [], actions = [], onBack = null, dataset = {} }) {
  const buttons = actions.filter(Boolean);
  const back = onBack && backButton(onBack);
  return h('main', { class: 'page statement', dataset: { screen: name, ...dataset } },
    back && h('div', { class: 'topbar' }, back),
    h('div', { class: `result ${kind}` },
      h('div', { class: 'mark' }, isBusy ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : icon(mark)),
      h('h1', { tabindex: '-1' }, title),
      content),
    buttons.length > 0 && h('div', { class: 'actions' }, buttons));
}

/**
 * Asks before something is done that cannot be taken back here.
 * @param {string} name
 * @param {{ title: string, mark: import('/shared/dom.js').IconName, texts: string[], yes: string, isBusy: boolean, fault: string | null }} parts
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function question(name, { title, mark, texts, yes, isBusy, fault }, actions) {
  return statement(name, {
    title,
    mark,
    onBack: actions.no,
    content: [texts.map((text) => h('p', null, text)), fault && alert(fault)],
    actions: [
      button('confirm', yes, actions.yes, { kind: 'danger', size: 'wide big', isBusy }),
      button('cancel', t('action.cancel'), actions.no, { kind: 'quiet' }),
    ],
  });
}

/**
 * @param {string} title
 * @param {string} id
 * @param {...import('/shared/dom.js').Child} children
 */
export function section(title, id, ...children) {
  return h('section', { class: 'stack', 'aria-labelledby': id }, h('h2', { id }, t(title)), children);
}

/** @param {() => void} onBack */
function backButton(onBack) {
  return h('button', {
    type: 'button', class: 'button quiet icon-only', 'aria-label': t('action.back'), dataset: { action: 'back' }, onclick: onBack,
  }, icon('back'));
}

/**
 * @param {string} action the hook for tests
 * @param {Child} label
 * @param {(() => void) | null} onclick
 * @param {{ kind?: 'primary' | 'quiet' | 'danger' | '', mark?: IconName | null, isBusy?: boolean, size?: string, of?: string }} [options]
 */
export function button(action, label, onclick, { kind = '', mark = null, isBusy = false, size = 'wide', of = '' } = {}) {
  return h('button', {
    type: 'button',
    class: `button ${kind} ${size}`,
    dataset: of ? { action, of } : { action },
    'aria-disabled': isBusy ? true : null,
    onclick: () => { if (!isBusy) onclick?.(); },
  }, isBusy ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : mark && icon(mark), label);
}

/**
 * A sentence with an icon, for what one should know.
 * @param {'' | 'good' | 'warn' | 'bad'} kind
 * @param {IconName} mark
 * @param {string} text
 * @param {Child} [more]
 */
export function banner(kind, mark, text, more = null) {
  return h('div', { class: `banner ${kind}` }, icon(mark), h('p', null, text), more);
}

/**
 * What went wrong just now; heard at once.
 * @param {string | null | undefined} text
 */
export function alert(text) {
  return h('div', { role: 'alert', class: 'alert' }, text ? banner('bad', 'warn', text) : null);
}

/** From so few tries on it is worth a warning before each of them. */
const FEW_TRIES = 2;

/** @param {number | null} triesLeft of the PIN */
export function triesWarning(triesLeft) {
  return triesLeft !== null && triesLeft <= FEW_TRIES ? t('pin.triesLeft', { count: triesLeft }) : null;
}

/**
 * What to do, under what happened.
 * @param {string} text
 */
export function todo(text) {
  return h('div', { class: 'card todo' }, h('h2', null, t('result.do')), h('p', null, text));
}

/** @param {Method} method */
export function methodName(method) {
  return method.label || t('method.account', { slot: method.slot });
}

/**
 * @param {Method} method
 * @returns {string}
 */
export function methodSub(method) {
  return [method.provider, method.state === 'unproved' ? t('method.unproved') : method.currency].filter(Boolean).join(' · ');
}

/**
 * Big money.
 * @param {number} amountMinor
 * @param {string} currency
 */
export function bigAmount(amountMinor, currency) {
  return h('p', { class: 'amount', dataset: { amount: amountMinor } }, money(amountMinor, currency));
}

/** @type {Record<PaymentState, IconName>} */
const STATE_MARKS = {
  reserved: 'clock', paid: 'shop', declined: 'cross', voided: 'undo', ended: 'clock', refunded: 'undo',
  partlyRefunded: 'undo', notice: 'info',
};

/** @param {PaymentState} state */
export function stateMark(state) {
  return icon(STATE_MARKS[state]);
}
