/**
 * One sale under way as the page follows it: which step it is at, since when, and the moments that are measured and
 * told to a framing page. Must not know screens.
 */

import { tellStep } from '../engine/frame.js';

/** @typedef {import('../types').Entry} Entry */
/** @typedef {import('../types').Next} Next */
/** @typedef {import('../types').SaleView} SaleView */
/** @typedef {import('../types').Step} Step */

/** A payment in one of these states has no answer yet. */
const WITHOUT_ANSWER = ['received', 'unknown', 'awaiting_approval'];

export class Course {
  /** @type {string | null} */
  sale = null;
  /** @type {Step} */
  step = 'sending';
  /** Whether the answer may still be cancelled. */
  canCancel = false;
  startedMs = performance.now();
  #answeredMs = 0;
  /** Whether the customer is asked on the phone. */
  #awaitsApproval = false;

  /**
   * @param {{ amountMinor: number, currency: string, step: Step, isPayment: boolean, onChange: () => void }} options
   */
  constructor({ amountMinor, currency, step, isPayment, onChange }) {
    this.amountMinor = amountMinor;
    this.currency = currency;
    this.step = step;
    this.isPayment = isPayment;
    this.canCancel = isPayment;
    this.onChange = onChange;
  }

  get elapsedS() {
    return Math.floor((performance.now() - this.startedMs) / 1000);
  }

  /** What the till is to tell while it drives the sale. @returns {import('../engine/till.js').Watch} */
  watch() {
    return {
      onNext: (next) => {
        const step = stepOf(next);
        if (step) this.#to(step);
      },
      onSale: (sale) => {
        this.sale = sale.sale;
        this.#awaitsApproval = sale.payment_state === 'awaiting_approval';
        this.#to(this.step);
        const canCancel = this.isPayment && sale.stage === 'asking';
        if (canCancel === this.canCancel) return;
        this.canCancel = canCancel;
        this.onChange();
      },
      onKept: (entry, sale) => this.#kept(entry, sale),
    };
  }

  /** @param {Step} step */
  #to(step) {
    const isAsked = step === 'asking' || step === 'waiting' || step === 'approving';
    const shown = isAsked && this.#awaitsApproval ? 'approving' : step === 'approving' ? 'waiting' : step;
    if (shown === this.step) return;
    this.step = shown;
    this.onChange();
  }

  /**
   * @param {Entry} entry
   * @param {SaleView} sale
   */
  #kept({ event }, sale) {
    if (!this.isPayment) return;
    const answer = answerOf(event);
    if (answer && this.#answeredMs === 0) {
      performance.mark('answer');
      this.#answeredMs = performance.now();
      tellStep('answer', this.#answeredMs - this.startedMs, { outcome: answer, payment: sale.payment });
    }
    if (event.what === 'done' && sale.is_paid) {
      performance.mark('captured');
      const ms = performance.now() - (this.#answeredMs || this.startedMs);
      tellStep('capture', ms, { payment: sale.payment, amountMinor: event.amount_minor, currency: sale.currency });
    }
  }

  /**
   * A framing page waits for an answer also where none was to be had.
   * @param {import('../engine/till.js').Ending} ending
   */
  ended({ outcome, sale }) {
    if (!this.isPayment || this.#answeredMs > 0) return;
    tellStep('answer', performance.now() - this.startedMs, { outcome: outcome.kind, payment: sale.payment });
  }
}

/** @param {Next} next @returns {Step | null} */
function stepOf(next) {
  if (next.do !== 'send') return null;
  if (next.path.startsWith('/v1/cancellations')) return 'cancelling';
  if (next.path.endsWith('/captures')) return 'capturing';
  if (next.path.endsWith('/void')) return 'voiding';
  if (next.path.endsWith('/refunds')) return 'refunding';
  return next.method === 'POST' ? 'asking' : 'waiting';
}

/** @param {Entry['event']} event */
function answerOf(event) {
  switch (event.what) {
    case 'answered': {
      const { state } = /** @type {{ state: string }} */ (event.payment);
      return WITHOUT_ANSWER.includes(state) ? null : state;
    }
    case 'declined': case 'refused': case 'cancelled': case 'abandoned':
      return event.what;
    default:
      return null;
  }
}
