/**
 * The journal of one day: what was taken and given back, and each sale. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { day as dayName, money, time } from '/shared/i18n.js';
import { m } from '../words.js';
import { shell, slot } from './shell.js';
import { stateBadge, stateOf } from './state.js';

/**
 * @param {import('../types').JournalModel} model
 * @param {import('../types').Actions} actions
 */
export function journalScreen(model, actions) {
  return shell('journal', model, actions, {},
    h('div', { class: 'stack journal' },
      h('div', { class: 'row between' },
        h('div', {},
          h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m('journal.title')),
          h('p', { class: 'muted', role: 'status' }, slot('day-name', h('span', {}, dayName(model.day.dayMs))))),
        slot('day-choice', dayChoice(model, actions))),
      h('div', { class: 'journal-columns' },
        h('section', { class: 'stack', 'aria-label': m('journal.sums') }, slot('sums', model.day.sums.map(sumCard))),
        h('section', { class: 'stack', 'aria-label': m('journal.sales') }, slot('rows', rows(model, actions))))));
}

/**
 * @param {import('../types').JournalModel} model
 * @param {import('../types').Actions} actions
 */
function dayChoice({ dayText, isToday, todayText }, actions) {
  const input = h('input', {
    type: 'date',
    value: dayText,
    max: todayText,
    'aria-label': m('journal.choose'),
    dataset: { action: 'day', day: dayText },
    onchange: () => actions.dayText(input.value),
  });
  /**
   * @param {string} action
   * @param {string} label
   * @param {number} days
   * @param {boolean} disabled
   */
  const step = (action, label, days, disabled) => h('button', {
    type: 'button', class: `button icon-only ${action}`, dataset: { action }, 'aria-label': label, disabled, onclick: () => actions.dayStep(days),
  }, icon(days < 0 ? 'back' : 'chevron'));
  return h('div', { class: 'row day-choice' },
    step('day-before', m('journal.earlier'), -1, false),
    h('div', { class: 'field' }, input),
    step('day-after', m('journal.later'), 1, isToday));
}

/** @param {import('../types').DaySum} sum */
function sumCard({ currency, capturedMinor, refundedMinor, netMinor, count }) {
  return h('div', { class: 'card sum-card' },
    h('p', { class: 'muted' }, `${m('journal.net')} · ${m('journal.count', { count })}`),
    h('p', { class: 'sum-net number' }, money(netMinor, currency)),
    h('dl', { class: 'key-value' },
      h('dt', {}, m('journal.captured')), h('dd', {}, money(capturedMinor, currency)),
      h('dt', {}, m('journal.refunded')), h('dd', {}, money(refundedMinor, currency))));
}

/**
 * @param {import('../types').JournalModel} model
 * @param {import('../types').Actions} actions
 */
function rows({ day }, actions) {
  if (day.rows.length === 0) return h('p', { class: 'card muted centred empty-day' }, icon('receipt'), m('journal.empty'));
  return h('ul', { class: 'list' }, day.rows.map(({ sale, atMs }) => h('li', {},
    h('button', {
      type: 'button', class: 'item', dataset: { action: 'open-sale', sale: sale.sale }, onclick: () => actions.openSale(sale.sale),
    },
    h('span', { class: 'row-time number' }, time(atMs)),
    h('span', { class: 'body' },
      h('span', { class: 'title' }, sale.reference ?? sale.sale),
      h('span', { class: 'sub' }, [sale.reference && sale.sale, sale.payment && shortened(sale.payment)].filter(Boolean).join(' · '))),
    stateBadge(sale),
    h('span', { class: `trail${isTaken(sale) ? '' : ' faint'}` }, money(sale.amount_minor, sale.currency),
      sale.refunded_minor > 0 && h('span', { class: 'sub' }, `−${money(sale.refunded_minor, sale.currency)}`))))));
}

/** @param {import('../types').SaleView} sale */
const isTaken = (sale) => stateOf(sale).kind !== 'bad' && (sale.captured_minor > 0 || sale.is_held || sale.is_open);

/** The end of an id says enough in a list. @param {string} id */
const shortened = (id) => `…${id.slice(-6)}`;
