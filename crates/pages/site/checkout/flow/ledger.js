/**
 * Looking back: the journal of a day, one sale, and what is still to be done to it. Must not know how it is done.
 */

import { dayBeside, dayFromText, dayOf, dayText } from '../engine/movements.js';
import { confirmScreen, confirmedMinor } from '../screens/confirm.js';
import { journalScreen } from '../screens/journal.js';
import { saleScreen } from '../screens/sale.js';

/** @typedef {import('../types').Action} Action */
/** @typedef {import('../types').SaleView} SaleView */
/** @typedef {{ action: 'capture' | 'void' | 'refund', part: 'all' | 'part', partText: string, isBadPart: boolean }} Wish */

export class Ledger {
  #dayMs = 0;
  #cameFrom = '';
  #sale = '';
  /** @type {Wish} */
  #wish = { action: 'void', part: 'all', partText: '', isBadPart: false };
  /** @type {(sale: SaleView, action: Action, amountMinor: number) => void} */
  perform = () => {};

  /** @param {import('./actions.js').Flow} flow */
  constructor(flow) {
    this.flow = flow;
  }

  /** @returns {Partial<import('../types').Actions>} */
  actions() {
    return {
      dayStep: (days) => this.#toDay(dayBeside(this.#dayMs, days)),
      dayText: (text) => this.#toDay(dayFromText(text) ?? this.#dayMs),
      openSale: (sale) => this.open(sale),
      ask: (action) => this.#ask(action),
      part: (part) => this.#change({ part, isBadPart: false }),
      partText: (partText) => this.#change({ partText, isBadPart: false }),
      confirm: () => this.#confirm(),
    };
  }

  today() {
    this.#dayMs = Date.now();
    this.#journal();
  }

  /** @param {string} sale */
  open(sale) {
    const { desk, till } = this.flow;
    if (!till.sale(sale)) return;
    if (desk.name !== 'sale' && desk.name !== 'confirm') this.#cameFrom = desk.name;
    this.#sale = sale;
    desk.show('sale', () => {
      const shown = this.#current();
      return saleScreen({
        ...this.flow.chrome(), sale: shown, movements: till.movements.of(sale), isBusy: till.isBusy(sale),
      }, this.flow.actions);
    });
  }

  back() {
    if (this.#cameFrom === 'journal') return this.#journal();
    if (this.#cameFrom === 'unfinished') return this.flow.actions.go('unfinished');
    this.flow.home();
  }

  backToSale() {
    this.open(this.#sale);
  }

  #current() {
    return /** @type {SaleView} */ (this.flow.till.sale(this.#sale));
  }

  /** @param {number} ms */
  #toDay(ms) {
    this.#dayMs = Math.min(ms, Date.now());
    this.flow.desk.redraw();
  }

  #journal() {
    const { desk, till } = this.flow;
    desk.show('journal', () => {
      const day = dayOf(till.sales(), till.movements.all(), this.#dayMs);
      const todayText = dayText(Date.now());
      const text = dayText(day.dayMs);
      return journalScreen({ ...this.flow.chrome(), day, dayText: text, todayText, isToday: text === todayText }, this.flow.actions);
    });
  }

  /** @param {'capture' | 'void' | 'refund'} action */
  #ask(action) {
    this.#wish = { action, part: 'all', partText: '', isBadPart: false };
    this.flow.desk.show('confirm', () => confirmScreen(this.#model(), this.flow.actions));
  }

  /** @returns {import('../types').ConfirmModel} */
  #model() {
    const sale = this.#current();
    const limitMinor = this.#wish.action === 'refund' ? sale.refundable_minor : sale.held_minor;
    return { ...this.flow.chrome(), ...this.#wish, sale, limitMinor };
  }

  /** @param {Partial<Wish>} change */
  #change(change) {
    this.#wish = { ...this.#wish, ...change };
    this.flow.desk.redraw();
    if (change.part !== 'part') return;
    const field = this.flow.desk.root.querySelector('#part');
    if (field instanceof HTMLInputElement) field.focus();
  }

  #confirm() {
    const model = this.#model();
    const amountMinor = confirmedMinor(model);
    if (amountMinor === null) return this.#change({ isBadPart: true });
    // The whole is asked for without a number: what is left is the server's to say.
    const amount_minor = model.part === 'all' ? null : amountMinor;
    /** @type {Record<typeof model.action, Action>} */
    const actions = {
      capture: { action: 'capture', amount_minor, is_final: true },
      void: { action: 'void' },
      refund: { action: 'refund', amount_minor },
    };
    this.perform(model.sale, actions[model.action], amountMinor);
  }
}
