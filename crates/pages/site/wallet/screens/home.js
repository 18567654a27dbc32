/**
 * The start page: pay, see the last payments, learn what needs attention.
 */
import { h, icon } from '/shared/dom.js';
import { language, t } from '/shared/i18n.js';
import { paymentLines } from './history.js';
import { banner, button, methodName, methodSub, screen } from './parts.js';

/** @typedef {import('../types.js').Hint} Hint */
/** @typedef {import('../types.js').Method} Method */
/** @typedef {import('../types.js').AppMessage} AppMessage */

// Which hints belong on the start page. The others belong to a code or to the settings.
/** @type {[Hint, '' | 'good' | 'warn' | 'bad', import('/shared/dom.js').IconName][]} */
const HINTS = [
  ['app_blocked', 'bad', 'download'],
  ['app_update_needed', 'warn', 'download'],
  ['app_update_available', '', 'download'],
  ['locked', 'warn', 'lock'],
  ['pin_changed_elsewhere', 'bad', 'key'],
  ['pin_not_changed', 'bad', 'key'],
  ['pin_changed', 'good', 'check'],
  ['pin_change_under_way', 'warn', 'key'],
  ['clock_far_off', 'bad', 'clock'],
  ['keys_expire_soon', 'warn', 'key'],
  ['offline_too_long', 'warn', 'offline'],
  ['clock_unsure', '', 'clock'],
];

/**
 * @param {{ name: string | null, method: Method | null, unproved: Method | null, hints: Hint[], appMessage?: AppMessage | null, isOnline: boolean, payments: import('../types.js').PaymentSummary[] }} model
 *   `method`: the one that pays unless another is chosen
 * @param {{ pay: () => void, addBank: () => void, history: () => void, payment: (key: string) => void, settings: () => void }} actions
 */
export function home({ name, method, unproved, hints, appMessage = null, isOnline, payments }, actions) {
  return screen('home', {
    title: name ? t('home.hello', { name }) : t('home.helloNobody'),
    end: h('button', {
      type: 'button', class: 'button icon-only', 'aria-label': t('home.settings'), dataset: { action: 'settings' }, onclick: actions.settings,
    }, icon('settings')),
    content: [
      banners(hints, appMessage, isOnline, method !== null),
      method ? payCard(method, actions.pay) : addCard(unproved, actions.addBank),
      h('section', { class: 'stack', 'aria-labelledby': 'recent' },
        h('h2', { id: 'recent' }, t('home.recent')),
        payments.length > 0
          ? paymentLines(payments, actions.payment)
          : h('p', { class: 'muted empty' }, t('home.none')),
        payments.length > 0 && button('history', t('home.all'), actions.history, { kind: 'quiet' })),
    ],
  });
}

/**
 * @param {Hint[]} hints
 * @param {AppMessage | null} appMessage
 * @param {boolean} isOnline
 * @param {boolean} canPay
 */
function banners(hints, appMessage, isOnline, canPay) {
  const shown = HINTS.filter(([hint]) => hints.includes(hint))
    .map(([hint, kind, mark]) => banner(kind, mark, hintText(hint, appMessage)));
  if (!isOnline) shown.push(banner('', 'offline', canPay ? t('home.offline') : t('fault.offline')));
  return h('div', { class: 'stack tight notices', role: 'status' }, shown);
}

/**
 * @param {Method} method
 * @param {() => void} pay
 */
function payCard(method, pay) {
  return h('section', { class: 'card pay-card stack', 'aria-label': t('home.pay') },
    h('div', { class: 'row' }, icon('bank'),
      h('div', { class: 'body' },
        h('span', { class: 'sub' }, t('home.from')),
        h('span', { class: 'title' }, methodName(method)),
        h('span', { class: 'sub' }, methodSub(method)))),
    button('pay', t('home.pay'), pay, { kind: 'primary', size: 'wide huge' }),
    h('p', { class: 'muted small centred' }, t('home.payHint')));
}

/**
 * @param {Method | null} unproved
 * @param {() => void} addBank
 */
function addCard(unproved, addBank) {
  return h('section', { class: 'card pay-card stack', 'aria-labelledby': 'add-title' },
    h('span', { class: 'emblem' }, icon('bank')),
    h('h2', { id: 'add-title' }, t('home.addTitle')),
    h('p', { class: 'muted' }, unproved ? t('home.unproved') : t('home.addText')),
    button('add-bank', unproved ? t('home.unprovedAction') : t('home.addTitle'), addBank, { kind: 'primary', size: 'wide big' }));
}

/**
 * The words of a hint; of the app, with the operator's own after them.
 * @param {Hint} hint
 * @param {AppMessage | null} appMessage
 */
function hintText(hint, appMessage) {
  const words = t(`hint.${hint}`);
  return hint.startsWith('app_') && appMessage ? `${words} ${appMessage[language()]}` : words;
}
