/**
 * How a sale stands, in a word and a colour: the same in the list, in the sale and after it. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { m } from '../words.js';

/** @typedef {import('../types').SaleView} SaleView */

/**
 * @param {SaleView} sale
 * @returns {{ word: import('../types').WordKey, kind: '' | 'good' | 'warn' | 'bad', picture: import('/shared/dom.js').IconName }}
 */
export function stateOf(sale) {
  if (sale.is_open) return { word: 'state.open', kind: 'warn', picture: 'clock' };
  if (sale.payment_state === 'disputed') return { word: 'state.disputed', kind: 'warn', picture: 'clock' };
  if (sale.payment_state === 'charged_back') return { word: 'state.charged_back', kind: 'bad', picture: 'undo' };
  if (sale.refunded_minor > 0) {
    const isWhole = sale.refunded_minor >= sale.captured_minor;
    return { word: isWhole ? 'state.refunded' : 'state.partly_refunded', kind: '', picture: 'undo' };
  }
  if (sale.is_held) {
    return { word: sale.captured_minor > 0 ? 'state.partly' : 'state.held', kind: 'warn', picture: 'lock' };
  }
  if (sale.is_paid || sale.captured_minor > 0) return { word: 'state.paid', kind: 'good', picture: 'check' };
  if (sale.outcome.kind === 'declined') return { word: 'state.declined', kind: 'bad', picture: 'cross' };
  if (sale.payment_state === 'voided') return { word: 'state.voided', kind: '', picture: 'undo' };
  return { word: 'state.not_paid', kind: '', picture: 'cross' };
}

/** @param {SaleView} sale */
export function stateBadge(sale) {
  const { word, kind, picture } = stateOf(sale);
  return h('span', { class: `badge ${kind}` }, icon(picture), m(word));
}
