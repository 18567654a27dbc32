/**
 * What moved money at this till, and the journal of one day with its sums. Read from the journal's entries, since a
 * sale tells only what was captured of it in all, not on which day. Pure. Must not know how anything is shown.
 */

/** @typedef {import('../types').Entry} Entry */
/** @typedef {import('../types').Movement} Movement */
/** @typedef {import('../types').SaleView} SaleView */
/** @typedef {import('../types').Day} Day */
/** @typedef {import('../types').DaySum} DaySum */

export class Movements {
  /** @type {Movement[]} */
  #all = [];
  /** What each sale is about to do. @type {Map<number, Movement['kind']>} */
  #intended = new Map();

  /** @param {Entry} entry */
  take({ sale, at, event }) {
    if (event.what === 'intended' && event.action) {
      this.#intended.set(sale, /** @type {Movement['kind']} */ (event.action.action));
    }
    const kind = this.#intended.get(sale);
    if (event.what !== 'done' || !kind) return;
    this.#all.push({ sale: `S${sale}`, atMs: at, kind, amountMinor: event.amount_minor ?? 0 });
  }

  /** @param {string} sale */
  of(sale) {
    return this.#all.filter((movement) => movement.sale === sale);
  }

  all() {
    return this.#all;
  }
}

/**
 * The day that `atMs` lies in, by this till's clock: what was begun on it, and older sales that money moved in.
 * @param {SaleView[]} sales
 * @param {readonly Movement[]} movements
 * @param {number} atMs
 * @returns {Day}
 */
export function dayOf(sales, movements, atMs) {
  const [fromMs, untilMs] = bounds(atMs);
  /** @param {number} ms */
  const isIn = (ms) => fromMs <= ms && ms < untilMs;
  /** @type {Map<string, number>} */
  const latest = new Map();
  const moved = movements.filter((movement) => isIn(movement.atMs));
  for (const { sale, atMs: ms } of moved) latest.set(sale, ms);
  const rows = sales
    .filter((sale) => isIn(sale.opened_at_ms) || latest.has(sale.sale))
    .map((sale) => ({ sale, atMs: isIn(sale.opened_at_ms) ? sale.opened_at_ms : latest.get(sale.sale) ?? 0 }))
    .sort((one, other) => other.atMs - one.atMs);
  return { dayMs: fromMs, rows, sums: sums(sales, moved) };
}

/**
 * The same day of the calendar, `days` later or earlier.
 * @param {number} atMs
 * @param {number} days
 */
export function dayBeside(atMs, days) {
  const date = new Date(atMs);
  // Noon, so that a day of 23 or 25 hours is still one step.
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days, 12).getTime();
}

/** @param {number} atMs @returns {string} `2026-07-01`, as a date field wants it */
export function dayText(atMs) {
  const date = new Date(atMs);
  const two = (/** @type {number} */ n) => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** @param {string} text @returns {number | null} */
export function dayFromText(text) {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return null;
  return new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]), 12).getTime();
}

/** @param {number} atMs @returns {[number, number]} */
function bounds(atMs) {
  const date = new Date(atMs);
  const begin = (/** @type {number} */ days) =>
    new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
  return [begin(0), begin(1)];
}

/**
 * @param {SaleView[]} sales
 * @param {Movement[]} moved
 * @returns {DaySum[]}
 */
function sums(sales, moved) {
  const currencies = new Map(sales.map((sale) => [sale.sale, sale.currency]));
  /** @type {Map<string, DaySum & { paid: Set<string> }>} */
  const found = new Map();
  for (const movement of moved) {
    const currency = currencies.get(movement.sale);
    if (!currency || movement.kind === 'void') continue;
    const sum = found.get(currency)
      ?? { currency, capturedMinor: 0, refundedMinor: 0, netMinor: 0, count: 0, paid: new Set() };
    if (movement.kind === 'capture') {
      sum.capturedMinor += movement.amountMinor;
      sum.paid.add(movement.sale);
    } else {
      sum.refundedMinor += movement.amountMinor;
    }
    sum.netMinor = sum.capturedMinor - sum.refundedMinor;
    sum.count = sum.paid.size;
    found.set(currency, sum);
  }
  return [...found.values()].map(({ paid, ...sum }) => sum);
}
