/**
 * Every screen of the checkout with a sample model, for tests and for pictures in the docs. Nothing here is stored
 * or sent. Must not be loaded by the page itself.
 */

import { setLanguage } from '/shared/i18n.js';
import { dayText } from './engine/movements.js';
import { amountScreen } from './screens/amount.js';
import { askingScreen } from './screens/asking.js';
import { confirmScreen } from './screens/confirm.js';
import { faultScreen, openingScreen } from './screens/fault.js';
import { journalScreen } from './screens/journal.js';
import { resultScreen } from './screens/result.js';
import { saleScreen } from './screens/sale.js';
import { scanScreen } from './screens/scan.js';
import { settingsScreen } from './screens/settings.js';
import { setupConfirmScreen, setupScreen } from './screens/setup.js';
import { unfinishedScreen } from './screens/unfinished.js';

/** @typedef {import('./types').SaleView} SaleView */
/** @typedef {import('./types').OutcomeKind} OutcomeKind */

const actions = /** @type {import('./types').Actions} */ (new Proxy({}, { get: () => () => {} }));
const AT_MS = new Date(2026, 6, 1, 14, 3).getTime();

const setup = { checkout: 'chk_0001', name: 'Front desk', merchant: 'Bäckerei Rindlisbacher', till: '5724', tills: ['5724'], currency: 'CHF' };
const chrome = { setup, isOnline: true, isMuted: false, openCount: 0 };

/** @param {Partial<SaleView>} more @returns {SaleView} */
const sale = (more = {}) => ({
  sale: 'S12', opened_at_ms: AT_MS, stage: 'known', amount_minor: 2480, currency: 'CHF', terminal: '5724', reference: 'R-1017',
  payment: 'pay_0006cvs31s7zg8000000000000', payment_state: 'captured', captured_minor: 2480, refunded_minor: 0, held_minor: 0, refundable_minor: 2480,
  is_open: false, is_paid: true, is_held: false, outcome: { kind: 'paid', customer_action: null, detail: null }, ...more,
});
const held = sale({ sale: 'S11', reference: null, payment_state: 'authorised', captured_minor: 0, held_minor: 12000, refundable_minor: 0, amount_minor: 12000, is_paid: false, is_held: true, outcome: { kind: 'held', customer_action: null, detail: null } });
const declined = sale({ sale: 'S10', stage: 'closed', payment_state: 'declined', captured_minor: 0, refundable_minor: 0, amount_minor: 56000, is_paid: false, reference: 'R-1015', outcome: { kind: 'declined', customer_action: 'other_method', detail: null } });
const refunded = sale({ sale: 'S9', amount_minor: 4590, captured_minor: 4590, refunded_minor: 1590, refundable_minor: 3000, reference: 'R-1014' });
const open = sale({ sale: 'S8', stage: 'asking', amount_minor: 890, captured_minor: 0, refundable_minor: 0, payment: null, payment_state: null, is_open: true, is_paid: false, reference: null, outcome: { kind: 'unknown', customer_action: null, detail: 'it was interrupted' } });
const disputed = sale({ sale: 'S7', payment_state: 'disputed', refundable_minor: 0, reference: 'R-1013' });
const chargedBack = sale({ sale: 'S6', payment_state: 'charged_back', refundable_minor: 0, reference: 'R-1012' });
const movements = [
  { sale: 'S9', atMs: AT_MS + 2_000, kind: /** @type {const} */ ('capture'), amountMinor: 4590 },
  { sale: 'S9', atMs: AT_MS + 900_000, kind: /** @type {const} */ ('refund'), amountMinor: 1590 },
];

const amount = { ...chrome, amountMinor: 2480, currency: 'CHF', reference: 'R-1017', plan: /** @type {const} */ ('capture'), last: refunded, note: null };
const scan = { ...chrome, amountMinor: 2480, currency: 'CHF', reference: 'R-1017', plan: /** @type {const} */ ('capture'), camera: /** @type {const} */ ('running'), isReading: false, note: null };
const asking = { ...chrome, amountMinor: 2480, currency: 'CHF', step: /** @type {const} */ ('asking'), elapsedS: 2, canCancel: true };
const form = { apiKey: '', till: '', currency: 'CHF', fault: null, isChecking: false, isAgain: false };
const candidate = { ...setup, apiKey: '' };
const day = {
  dayMs: AT_MS,
  rows: [sale(), held, declined, refunded, open, disputed, chargedBack].map((one, at) => ({ sale: one, atMs: AT_MS - at * 540_000 })),
  sums: [{ currency: 'CHF', capturedMinor: 184350, refundedMinor: 1590, netMinor: 182760, count: 41 }, { currency: 'EUR', capturedMinor: 5600, refundedMinor: 0, netMinor: 5600, count: 1 }],
};
const journal = { ...chrome, day, isToday: true, dayText: dayText(AT_MS), todayText: dayText(AT_MS) };

/**
 * @param {OutcomeKind} kind
 * @param {Partial<import('./types').ResultModel>} [more]
 * @param {Partial<import('./types').Outcome>} [outcome]
 */
const result = (kind, more = {}, outcome = {}) => () => resultScreen({
  ...chrome, sale: sale(), amountMinor: 2480, isKeyRefused: false, isEarlier: false,
  outcome: { kind, customer_action: null, detail: null, ...outcome }, ...more,
}, actions);

/** @type {[string, () => HTMLElement][]} */
const SAMPLES = [
  ['opening', openingScreen],
  ['setup', () => setupScreen(form, actions)],
  ['setup-fault', () => setupScreen({ ...form, apiKey: 'key', till: '5725', fault: 'bad_till', isAgain: true }, actions)],
  ['setup-checking', () => setupScreen({ ...form, apiKey: 'key', isChecking: true }, actions)],
  ['setup-confirm', () => setupConfirmScreen({ candidate, till: '5724', openCount: 0, isBusy: false }, actions)],
  ['setup-choose', () => setupConfirmScreen({ candidate: { ...candidate, tills: ['5724', '5731', '5748'] }, till: '5724', openCount: 2, isBusy: false }, actions)],
  ['amount-empty', () => amountScreen({ ...amount, amountMinor: 0, reference: '', last: null }, actions)],
  ['amount', () => amountScreen(amount, actions)],
  ['amount-most', () => amountScreen({ ...amount, amountMinor: 99999999, reference: '' }, actions)],
  ['amount-enter', () => amountScreen({ ...amount, amountMinor: 0, note: 'amount.enter_scan' }, actions)],
  ['amount-offline', () => amountScreen({ ...amount, isOnline: false, openCount: 2, plan: 'hold' }, actions)],
  ['amount-open', () => amountScreen({ ...amount, openCount: 1, isMuted: true }, actions)],
  ['scan', () => scanScreen(scan, actions)],
  ['scan-misread', () => scanScreen({ ...scan, note: { kind: 'misread', sale: null } }, actions)],
  ['scan-used', () => scanScreen({ ...scan, camera: 'starting', note: { kind: 'code_used', sale: 'S11' } }, actions)],
  ['scan-denied', () => scanScreen({ ...scan, camera: 'denied', plan: 'hold' }, actions)],
  ['scan-none', () => scanScreen({ ...scan, camera: 'none', reference: '', isOnline: false }, actions)],
  ['asking', () => askingScreen(asking, actions)],
  ['asking-slow', () => askingScreen({ ...asking, step: 'waiting', elapsedS: 14 }, actions)],
  ['asking-approval', () => askingScreen({ ...asking, step: 'approving', elapsedS: 5 }, actions)],
  ['asking-capture', () => askingScreen({ ...asking, step: 'capturing', canCancel: false }, actions)],
  ['paid', result('paid')],
  ['paid-most', result('paid', { amountMinor: 99999999 })],
  ['paid-earlier', result('paid', { isEarlier: true })],
  ['held', result('held', { sale: held, amountMinor: 12000 })],
  ['refunded', result('refunded', { amountMinor: 1590 })],
  ['voided', result('voided')],
  ['declined-enter-again', result('declined', { sale: declined }, { customer_action: 'enter_again' })],
  ['declined-open-app', result('declined', { sale: declined }, { customer_action: 'open_app_online' })],
  ['declined-other', result('declined', { sale: declined, amountMinor: 56000 }, { customer_action: 'other_method' })],
  ['not-paid', result('not_paid', { sale: open }, { detail: 'the payment was cancelled; nothing is held' })],
  ['not-paid-key', result('not_paid', { sale: open, isKeyRefused: true }, { detail: 'The credentials are missing or wrong' })],
  ['not-done', result('not_done', {}, { detail: 'The amount is more than is left' })],
  ['unreachable', result('unreachable', { sale: open }, { detail: 'no network' })],
  ['unknown', result('unknown', { sale: open }, { detail: 'no answer in time' })],
  ['journal', () => journalScreen(journal, actions)],
  ['journal-empty', () => journalScreen({ ...journal, isToday: false, day: { ...day, rows: [], sums: [] } }, actions)],
  ['sale-paid', () => saleScreen({ ...chrome, sale: refunded, movements, isBusy: false }, actions)],
  ['sale-held', () => saleScreen({ ...chrome, sale: held, movements: [], isBusy: false }, actions)],
  ['sale-declined', () => saleScreen({ ...chrome, sale: declined, movements: [], isBusy: false }, actions)],
  ['sale-open', () => saleScreen({ ...chrome, sale: open, movements: [], isBusy: false }, actions)],
  ['confirm-refund', () => confirmScreen({ ...chrome, sale: refunded, action: 'refund', limitMinor: 3000, part: 'part', partText: '45', isBadPart: true }, actions)],
  ['confirm-void', () => confirmScreen({ ...chrome, sale: held, action: 'void', limitMinor: 12000, part: 'all', partText: '', isBadPart: false }, actions)],
  ['confirm-capture', () => confirmScreen({ ...chrome, sale: held, action: 'capture', limitMinor: 12000, part: 'all', partText: '', isBadPart: false }, actions)],
  ['unfinished', () => unfinishedScreen({ ...chrome, openCount: 2, isRunning: true, rows: [{ sale: sale(), state: 'ended', step: null }, { sale: open, state: 'running', step: 'waiting' }, { sale: { ...open, sale: 'S13' }, state: 'waiting', step: null }] }, actions)],
  ['unfinished-offline', () => unfinishedScreen({ ...chrome, isOnline: false, openCount: 1, isRunning: false, rows: [{ sale: open, state: 'waiting', step: null }] }, actions)],
  ['unfinished-ended', () => unfinishedScreen({ ...chrome, isRunning: false, rows: [{ sale: sale(), state: 'ended', step: null }] }, actions)],
  ['settings', () => settingsScreen({ ...chrome, plan: 'capture' }, actions)],
  .../** @type {const} */ (['not_supported', 'storage_unavailable', 'storage_full', 'other_tab', 'damaged', 'key_refused', 'unexpected'])
    .map((kind) => /** @type {[string, () => HTMLElement]} */ ([`fault-${kind}`, () => faultScreen({ kind, detail: kind === 'not_supported' ? 'Web Locks' : '' }, actions)])),
];

/** @type {{ name: string, render: (lang: import('/shared/i18n.js').Language) => HTMLElement }[]} */
export default SAMPLES.map(([name, draw]) => ({
  name,
  render: (lang) => {
    setLanguage(lang);
    return draw();
  },
}));
