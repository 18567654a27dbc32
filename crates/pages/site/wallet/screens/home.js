/**
 * The start page: pay, see the last payments, learn what needs attention.
 */
import { h, icon } from '/shared/dom.js';
import { dateTime, day, language, t } from '/shared/i18n.js';
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
  ['pin_not_reset', 'bad', 'key'],
  ['pin_blocked', 'warn', 'key'],
  ['clock_far_off', 'bad', 'clock'],
  ['keys_expire_soon', 'warn', 'key'],
  ['offline_too_long', 'warn', 'offline'],
  ['certificate_ends_soon', '', 'clock'],
  ['clock_unsure', '', 'clock'],
];

/**
 * What hints tell more of.
 * @typedef {object} Beside
 * @property {AppMessage | null} [appMessage]
 * @property {number | null} [certificateEndsAtMs]
 * @property {number | null} [pinBlockedUntilMs]
 */

/**
 * @param {{ name: string | null, method: Method | null, unproved: Method | null, hints: Hint[], notices?: import('../types.js').Notice[], questionCount?: number, isOnline: boolean, payments: import('../types.js').PaymentSummary[] } & Beside} model
 *   `method`: the one that pays unless another is chosen; `notices`: those that are unread; `questionCount`: how many wait for an answer
 * @param {{ pay: () => void, addBank: () => void, history: () => void, payment: (key: string) => void, settings: () => void, notices: () => void, approvals: () => void }} actions
 */
export function home({ name, method, unproved, hints, notices = [], questionCount = 0, isOnline, payments, ...beside }, actions) {
  return screen('home', {
    title: name ? t('home.hello', { name }) : t('home.helloNobody'),
    end: h('button', {
      type: 'button', class: 'button icon-only', 'aria-label': t('home.settings'), dataset: { action: 'settings' }, onclick: actions.settings,
    }, icon('settings')),
    content: [
      banners(hints, beside, isOnline, method !== null),
      questionCount > 0 && h('div', { class: 'news', role: 'status', dataset: { questions: questionCount } },
        banner('warn', 'key', t('approval.waiting', { count: questionCount }), button('approvals', t('home.look'), actions.approvals, { size: '' }))),
      news(notices, actions.notices),
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
 * That something became of the customer's devices.
 * @param {import('../types.js').Notice[]} unread
 * @param {() => void} look
 */
function news(unread, look) {
  if (unread.length === 0) return null;
  const isAlarming = unread.some((one) => one.isAlarming);
  return h('div', { class: 'news', role: isAlarming ? 'alert' : 'status', dataset: { news: unread.length, alarming: isAlarming } },
    banner(isAlarming ? 'bad' : '', isAlarming ? 'warn' : 'info', t(isAlarming ? 'home.alarm' : 'home.news'),
      button('notices', t('home.look'), look, { size: '' })));
}

/**
 * @param {Hint[]} hints
 * @param {Beside} beside
 * @param {boolean} isOnline
 * @param {boolean} canPay
 */
function banners(hints, beside, isOnline, canPay) {
  const shown = HINTS.filter(([hint]) => hints.includes(hint))
    .map(([hint, kind, mark]) => banner(kind, mark, hintText(hint, beside)));
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
 * @param {Beside} beside
 */
function hintText(hint, { appMessage, certificateEndsAtMs, pinBlockedUntilMs }) {
  if (hint === 'certificate_ends_soon') return t('hint.certificate_ends_soon', { date: day(certificateEndsAtMs ?? 0) });
  if (hint === 'pin_blocked') return t('hint.pin_blocked', { time: dateTime(pinBlockedUntilMs ?? 0) });
  const words = t(`hint.${hint}`);
  return hint.startsWith('app_') && appMessage ? `${words} ${appMessage[language()]}` : words;
}
