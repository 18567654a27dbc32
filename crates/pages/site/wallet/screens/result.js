/**
 * What came of a payment: at a glance, and for each refusal what happened and what to do.
 */
import { h } from '/shared/dom.js';
import { dateTime, money, t } from '/shared/i18n.js';
import { explain } from '../causes.js';
import { keyValues } from './history.js';
import { bigAmount, button, statement, todo } from './parts.js';

/** @typedef {import('../types.js').PaymentSummary} PaymentSummary */
/** @typedef {import('../causes.js').Remedy} Remedy */

/** @type {Record<string, { title: string, text: string | null, kind: 'good' | 'wait', mark: import('/shared/dom.js').IconName }>} */
const OUTCOMES = {
  paid: { title: 'result.paid', text: null, kind: 'good', mark: 'check' },
  reserved: { title: 'result.reserved', text: 'result.reservedText', kind: 'wait', mark: 'clock' },
  voided: { title: 'result.voided', text: 'result.voidedText', kind: 'wait', mark: 'undo' },
  ended: { title: 'result.ended', text: 'result.endedText', kind: 'wait', mark: 'clock' },
  refunded: { title: 'result.refunded', text: 'result.refundedText', kind: 'good', mark: 'undo' },
  partlyRefunded: { title: 'result.refunded', text: 'result.refundedText', kind: 'good', mark: 'undo' },
};

/**
 * @param {{ payment: PaymentSummary, triesLeft: number | null, higherCapMinor: number | null, isBusy: boolean, fault: string | null }} model
 *   `higherCapMinor`: the maximum that would have covered the amount
 * @param {Record<Remedy, () => void>} actions
 */
export function result(model, actions) {
  const outcome = OUTCOMES[model.payment.state];
  return outcome ? done(model.payment, outcome, actions) : refused(model, actions);
}

/**
 * @param {PaymentSummary} payment
 * @param {typeof OUTCOMES[string]} outcome
 * @param {Record<Remedy, () => void>} actions
 */
function done(payment, { title, text, kind, mark }, actions) {
  const isRefund = payment.refundedMinor > 0;
  return statement('result', {
    title: t(title),
    kind,
    mark,
    dataset: { outcome: payment.state },
    content: [
      payment.amountMinor !== null && payment.currency
        && bigAmount(isRefund ? payment.refundedMinor : payment.amountMinor, payment.currency),
      text && h('p', null, t(text)),
      place(payment),
    ],
    actions: [button('home', t('action.done'), actions.home, { kind: 'primary', size: 'wide big' })],
  });
}

/**
 * @param {Parameters<typeof result>[0]} model
 * @param {Record<Remedy, () => void>} actions
 */
function refused({ payment, triesLeft, higherCapMinor, isBusy, fault }, actions) {
  const { words, remedy } = explain(payment.cause);
  return statement('result', {
    title: t(`cause.${words}.title`),
    kind: 'bad',
    mark: 'cross',
    dataset: { outcome: 'declined', cause: payment.cause ?? 'unknown' },
    content: [
      h('p', null, t(`cause.${words}.what`)),
      words === 'wrong_pin' && triesLeft !== null && h('p', { class: 'tries' }, t('pin.triesLeft', { count: triesLeft })),
      todo(t(`cause.${words}.do`)),
      fault && h('p', { class: 'error-text', role: 'alert' }, fault),
      place(payment),
    ],
    actions: [
      remedy !== 'home' && button(remedy, remedyLabel(remedy, payment, higherCapMinor), actions[remedy], { kind: 'primary', size: 'wide big', isBusy }),
      button('home', t('action.home'), actions.home, { kind: remedy === 'home' ? 'primary' : 'quiet' }),
    ],
  });
}

/**
 * @param {Remedy} remedy
 * @param {PaymentSummary} payment
 * @param {number | null} higherCapMinor
 */
function remedyLabel(remedy, payment, higherCapMinor) {
  switch (remedy) {
    case 'higherCap':
      return higherCapMinor && payment.currency
        ? t('result.higherCap', { amount: money(higherCapMinor, payment.currency) })
        : t('options.cap');
    case 'otherMethod': return t('result.otherMethod');
    case 'options': return t('options.title');
    case 'resync': return t('result.resync');
    case 'goOnline': return t('result.goOnline');
    case 'addBank': return t('settings.addMethod');
    default: return t(payment.cause === 'wrong_pin' ? 'expired.again' : 'action.newCode');
  }
}

/** @param {PaymentSummary} payment */
function place(payment) {
  const isRefusal = payment.state === 'declined';
  return h('div', { class: 'card place' }, keyValues([
    ['detail.amount', isRefusal && payment.amountMinor && payment.currency ? money(payment.amountMinor, payment.currency) : null],
    ['detail.shop', payment.merchant],
    ['detail.till', payment.till],
    ['detail.time', dateTime(payment.atMs)],
  ]));
}
