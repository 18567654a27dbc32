/**
 * Ends what was cut off, oldest first: when the page opens, when the network comes back, from time to time, and when
 * the cashier asks for it. Must not know how a sale is ended; that is the core's.
 */

import { faultOf } from '../engine/fault.js';
import { unfinishedScreen } from '../screens/unfinished.js';
import { Course } from './course.js';

/** @typedef {import('../types').UnfinishedModel['rows']} Rows */

/** How often a server that was not there, or a sale that stayed open, is tried again. */
const TRY_EVERY_MS = 15_000;

export class Ending {
  #isRunning = false;
  /** Sales that were unfinished when the screen was opened, so that their end is seen on it. @type {string[]} */
  #shown = [];
  /** @type {Course | null} */
  #course = null;
  #timer = 0;
  /** @type {(ending: import('../engine/till.js').Ending) => void} */
  onEnded = () => {};

  /** @param {import('./actions.js').Flow} flow */
  constructor(flow) {
    this.flow = flow;
  }

  show() {
    const { desk, till } = this.flow;
    this.#shown = till.open().map(({ sale }) => sale);
    desk.show('unfinished', () => unfinishedScreen(
      { ...this.flow.chrome(), rows: this.#rows(), isRunning: this.#isRunning },
      this.flow.actions,
    ));
  }

  /** Ends all, one after the other, as far as the server is there. */
  async run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { till } = this.flow;
    try {
      for (const { sale } of till.open()) {
        if (till.isBusy(sale) || !till.sale(sale)?.is_open) continue;
        await this.#end(sale);
        if (!till.isOnline) break;
      }
    } finally {
      this.#isRunning = false;
      this.#course = null;
      this.#redraw();
    }
  }

  /** From now on the till looks by itself. */
  keepTrying() {
    if (this.#timer) return;
    const again = () => this.flow.run(this.#again());
    window.addEventListener('online', again);
    window.addEventListener('offline', () => this.flow.desk.redraw());
    this.#timer = setInterval(again, TRY_EVERY_MS);
  }

  async #again() {
    const { till, desk } = this.flow;
    desk.redraw();
    if (!navigator.onLine || this.#isRunning || till.isKeyRefused) return;
    const isOpen = till.open().some(({ sale }) => !till.isBusy(sale));
    if (!till.isReachable || isOpen) await till.check();
    if (isOpen && till.isOnline) await this.run();
  }

  /** @param {string} sale */
  async #end(sale) {
    const { till } = this.flow;
    const before = till.sale(sale);
    if (!before) return;
    const course = new Course({
      amountMinor: before.amount_minor, currency: before.currency, step: 'ending', isPayment: false, onChange: () => this.#redraw(),
    });
    course.sale = sale;
    this.#course = course;
    this.#redraw();
    try {
      const ending = await till.resume(sale, course.watch());
      if (ending) this.onEnded(ending);
    } catch (thrown) {
      const fault = faultOf(thrown);
      // Somebody else is at it, or it is done: both are as good.
      if (fault.kind !== 'busy_sale' && fault.kind !== 'finished') throw fault;
    }
  }

  #redraw() {
    if (this.flow.desk.name === 'unfinished') this.flow.desk.redraw();
  }

  /** @returns {Rows} */
  #rows() {
    const { till } = this.flow;
    const open = till.open().map(({ sale }) => sale);
    /** @type {Rows} */
    const rows = [];
    for (const name of new Set([...this.#shown, ...open])) {
      const sale = till.sale(name);
      if (!sale) continue;
      const isNow = this.#isRunning && this.#course?.sale === name && till.isBusy(name);
      const state = isNow ? 'running' : sale.is_open ? 'waiting' : 'ended';
      rows.push({ sale, state, step: isNow ? this.#course?.step ?? null : null });
    }
    return rows;
  }
}
