/**
 * Folds confirmations, of which one payment may have several, into payments as people think of them: one line
 * each, with what it came to. It must not know any screen or word.
 */

/** @typedef {import('./types.js').Confirmation} Confirmation */
/** @typedef {import('./types.js').PaymentSummary} PaymentSummary */

/**
 * @param {Confirmation[]} confirmations in any order
 * @returns {PaymentSummary[]} newest first
 */
export function summarise(confirmations) {
  /** @type {Map<string, Confirmation[]>} */
  const byPayment = new Map();
  for (const one of [...confirmations].sort((a, b) => a.sequence - b.sequence)) {
    const key = one.payment ?? `notice-${one.sequence}`;
    byPayment.set(key, [...(byPayment.get(key) ?? []), one]);
  }
  return [...byPayment].map(([key, steps]) => summary(key, steps)).sort((a, b) => b.atMs - a.atMs);
}

/**
 * The payment that a confirmation is about, as it stands now.
 * @param {Confirmation[]} confirmations
 * @param {Confirmation} one
 */
export function summaryOf(confirmations, one) {
  const key = one.payment ?? `notice-${one.sequence}`;
  const steps = confirmations.filter((other) => other.payment !== null && other.payment === one.payment);
  return summary(key, steps.length > 0 ? steps.sort((a, b) => a.sequence - b.sequence) : [one]);
}

/**
 * The newest confirmation about one of the codes that were shown, if it has not been seen yet.
 * @param {Confirmation[]} confirmations
 * @param {ReadonlyMap<number, unknown>} counters
 * @param {number} seenThrough
 */
export function newResult(confirmations, counters, seenThrough) {
  return confirmations.find((one) => one.sequence > seenThrough && one.counter !== null && counters.has(one.counter)) ?? null;
}

/** @param {Confirmation[]} confirmations */
export function highestSequence(confirmations) {
  return confirmations.reduce((highest, one) => Math.max(highest, one.sequence), 0);
}

/**
 * Lines under the day they belong to, the day in the person's own time.
 * @param {PaymentSummary[]} summaries newest first
 * @returns {{ dayMs: number, payments: PaymentSummary[] }[]}
 */
export function byDay(summaries) {
  /** @type {{ dayMs: number, payments: PaymentSummary[] }[]} */
  const days = [];
  for (const one of summaries) {
    const dayMs = new Date(one.atMs).setHours(0, 0, 0, 0);
    const last = days.at(-1);
    if (last && last.dayMs === dayMs) last.payments.push(one);
    else days.push({ dayMs, payments: [one] });
  }
  return days;
}

/**
 * @param {string} key
 * @param {Confirmation[]} steps oldest first
 * @returns {PaymentSummary}
 */
function summary(key, steps) {
  const sum = (/** @type {string} */ kind) =>
    steps.filter((one) => one.kind === kind).reduce((total, one) => total + (one.amountMinor ?? 0), 0);
  const [first] = steps;
  const capturedMinor = sum('captured');
  const refundedMinor = sum('refunded');
  const reservedMinor = sum('authorised');
  const state = stateOf(steps, capturedMinor, refundedMinor);
  const cause = steps.findLast((one) => one.cause)?.cause ?? null;
  return {
    key, state, cause, capturedMinor, refundedMinor, reservedMinor, steps,
    payment: first.payment,
    counter: first.counter,
    atMs: first.atMs,
    amountMinor: capturedMinor || reservedMinor || first.amountMinor,
    currency: first.currency,
    merchant: steps.find((one) => one.merchant)?.merchant ?? '',
    till: steps.find((one) => one.till)?.till ?? null,
  };
}

/**
 * @param {Confirmation[]} steps
 * @param {number} capturedMinor
 * @param {number} refundedMinor
 * @returns {import('./types.js').PaymentState}
 */
function stateOf(steps, capturedMinor, refundedMinor) {
  const has = (/** @type {string} */ kind) => steps.some((one) => one.kind === kind);
  if (has('notice')) return 'notice';
  if (has('refunded')) return refundedMinor < capturedMinor ? 'partlyRefunded' : 'refunded';
  if (has('captured')) return 'paid';
  if (has('voided')) return 'voided';
  if (has('expired')) return 'ended';
  return has('declined') ? 'declined' : 'reserved';
}
