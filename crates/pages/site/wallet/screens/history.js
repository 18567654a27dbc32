/**
 * Payments: their lines, the list by day, and one with all that is known of it.
 */
import { h } from '/shared/dom.js';
import { dateTime, day, money, t, time } from '/shared/i18n.js';
import { explain } from '../causes.js';
import { banner, bigAmount, screen, stateMark, todo } from './parts.js';

/** @typedef {import('../types.js').PaymentSummary} PaymentSummary */

/** @type {Record<import('../types.js').PaymentState, string>} */
const BADGES = {
  reserved: '', paid: 'good', declined: 'bad', voided: '', ended: '', refunded: '', partlyRefunded: '', notice: 'warn',
};

/** From so many characters on a value is a number for machines and may be small. */
const LONG = 28;

/**
 * @param {PaymentSummary[]} payments
 * @param {(key: string) => void} open
 */
export function paymentLines(payments, open) {
  return h('ul', { class: 'list' }, payments.map((one) => h('li', null, line(one, open))));
}

/**
 * @param {{ days: { dayMs: number, payments: PaymentSummary[] }[], nowMs: number }} model
 * @param {{ back: () => void, payment: (key: string) => void }} actions
 */
export function history({ days, nowMs }, actions) {
  return screen('history', {
    title: t('history.title'),
    onBack: actions.back,
    content: days.length === 0
      ? [h('p', { class: 'muted empty' }, t('history.none'))]
      : days.map(({ dayMs, payments }) => h('section', { class: 'stack tight' },
        h('h2', { class: 'day' }, dayName(dayMs, nowMs)),
        paymentLines(payments, actions.payment))),
  });
}

/**
 * @param {{ payment: PaymentSummary, shownAs: import('../types.js').ShownCode | null, methodLabel: string | null }} model
 * @param {{ back: () => void }} actions
 */
export function paymentDetail({ payment: one, shownAs, methodLabel }, actions) {
  const isRefusal = one.state === 'declined' || one.state === 'notice';
  const words = isRefusal ? explain(one.cause).words : null;
  const at = (/** @type {number} */ amountMinor) => (amountMinor > 0 && one.currency ? money(amountMinor, one.currency) : null);
  return screen('payment', {
    title: one.merchant || t(one.state === 'notice' ? 'detail.notice' : 'detail.title'),
    onBack: actions.back,
    content: [
      h('div', { class: 'stack centred sum' },
        one.amountMinor !== null && one.currency && one.state !== 'notice' ? bigAmount(one.amountMinor, one.currency) : null,
        h('p', null, h('span', { class: `badge ${BADGES[one.state]}` }, t(`state.${one.state}`)))),
      words && h('div', { class: 'stack' },
        banner(one.state === 'notice' ? 'warn' : 'bad', 'info', `${t(`cause.${words}.title`)}. ${t(`cause.${words}.what`)}`),
        todo(t(`cause.${words}.do`))),
      h('div', { class: 'card' }, keyValues([
        ['detail.time', dateTime(one.atMs)],
        ['detail.shop', one.merchant],
        ['detail.till', one.till],
        ['detail.reserved', at(one.reservedMinor)],
        ['detail.captured', at(one.capturedMinor)],
        ['detail.refunded', at(one.refundedMinor)],
        ['detail.method', methodLabel],
        ['detail.cap', shownAs && money(shownAs.capMinor, shownAs.currency)],
        ['detail.code', one.counter],
        ['detail.payment', one.payment],
        ['detail.sequence', one.steps.map((step) => step.sequence).join(', ')],
      ])),
      one.steps.length > 1 && h('section', { class: 'stack tight' },
        h('h2', { class: 'day' }, t('detail.steps')),
        h('ul', { class: 'list' }, one.steps.map(stepLine))),
    ],
  });
}

/**
 * Words left, values right; what is not known is left out.
 * @param {[string, string | number | null | undefined][]} pairs
 */
export function keyValues(pairs) {
  return h('dl', { class: 'key-value' }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([key, value]) => [h('dt', null, t(key)), h('dd', { class: String(value).length > LONG ? 'long' : null }, String(value))]));
}

/**
 * @param {PaymentSummary} one
 * @param {(key: string) => void} open
 */
function line(one, open) {
  const sub = one.state === 'declined' || one.state === 'notice'
    ? t(`cause.${explain(one.cause).words}.title`)
    : t(`state.${one.state}`);
  const title = one.merchant || t(one.state === 'notice' ? 'detail.notice' : 'detail.unknownShop');
  const hasAmount = one.amountMinor !== null && one.currency && one.state !== 'notice';
  return h('button', {
    type: 'button', class: `item ${one.state}`, dataset: { action: 'payment', of: one.key }, onclick: () => open(one.key),
  },
  stateMark(one.state),
  h('span', { class: 'body' }, h('span', { class: 'title' }, title), h('span', { class: 'sub' }, sub)),
  h('span', { class: 'trail' },
    hasAmount && h('span', { class: 'sum' }, money(one.amountMinor ?? 0, one.currency ?? 'CHF')),
    h('span', { class: 'sub' }, time(one.atMs))));
}

/** @param {import('../types.js').Confirmation} step */
function stepLine(step) {
  const words = {
    authorised: 'state.reserved', captured: 'state.paid', declined: 'state.declined', voided: 'state.voided',
    expired: 'state.ended', refunded: 'state.refunded', notice: 'state.notice',
  };
  return h('li', null, h('div', { class: 'item' },
    h('span', { class: 'body' }, h('span', { class: 'title' }, t(words[step.kind])), h('span', { class: 'sub' }, dateTime(step.atMs))),
    h('span', { class: 'trail' }, step.amountMinor !== null && step.currency ? money(step.amountMinor, step.currency) : '')));
}

/**
 * @param {number} dayMs
 * @param {number} nowMs
 */
function dayName(dayMs, nowMs) {
  const today = new Date(nowMs).setHours(0, 0, 0, 0);
  const yesterday = new Date(today).setDate(new Date(today).getDate() - 1);
  if (dayMs === today) return t('history.today');
  return dayMs === yesterday ? t('history.yesterday') : day(dayMs);
}
