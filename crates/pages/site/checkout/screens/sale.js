/**
 * One sale: how it stands, what happened, and what can still be done. Pure.
 */

import { h } from '/shared/dom.js';
import { dateTime, money, time } from '/shared/i18n.js';
import { m } from '../words.js';
import { banner, bigMoney, button, shell, slot } from './shell.js';
import { stateBadge } from './state.js';

/** @typedef {import('../types').SaleModel} SaleModel */
/** @typedef {import('../types').Actions} Actions */

/**
 * @param {SaleModel} model
 * @param {Actions} actions
 */
export function saleScreen(model, actions) {
  const { sale } = model;
  return shell('sale', model, actions, {},
    h('div', { class: 'desk' },
      h('section', { class: 'card stack' },
        h('div', { class: 'row between' },
          h('h1', { class: 'display-label', dataset: { focus: '' }, tabindex: '-1' }, m('sale.title', { sale: sale.sale })),
          slot('badge', stateBadge(sale))),
        h('p', {}, bigMoney(sale.amount_minor, sale.currency)),
        slot('facts', facts(sale)),
        slot('history', history(model))),
      h('section', { class: 'stack side' },
        slot('choices', choices(model, actions)),
        button('back', m('word.back'), () => actions.back(), { class: 'big wide', key: 'Escape', picture: 'back' }))));
}

/** @param {import('../types').SaleView} sale */
function facts(sale) {
  /** @type {[string, string | null][]} */
  const pairs = [
    [m('sale.time'), dateTime(sale.opened_at_ms)],
    [m('sale.reference'), sale.reference],
    [m('sale.till'), sale.terminal],
    [m('sale.held'), sale.held_minor > 0 ? money(sale.held_minor, sale.currency) : null],
    [m('sale.captured'), sale.captured_minor > 0 ? money(sale.captured_minor, sale.currency) : null],
    [m('sale.refunded'), sale.refunded_minor > 0 ? money(sale.refunded_minor, sale.currency) : null],
    [m('sale.payment'), sale.payment],
  ];
  return h('dl', { class: 'key-value' },
    pairs.filter(([, value]) => value).map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

/** @param {SaleModel} model */
function history({ sale, movements }) {
  if (movements.length === 0) return null;
  return h('div', { class: 'stack tight' },
    h('h2', { class: 'small-title' }, m('sale.history')),
    h('ul', { class: 'steps' },
      h('li', {}, h('span', { class: 'number muted' }, time(sale.opened_at_ms)), h('span', {}, m('sale.opened'))),
      movements.map(({ atMs, kind, amountMinor }) => h('li', {},
        h('span', { class: 'number muted' }, time(atMs)),
        h('span', {}, m(`sale.did_${kind}`)),
        amountMinor > 0 && h('span', { class: 'number steps-amount' }, money(amountMinor, sale.currency))))));
}

/**
 * @param {SaleModel} model
 * @param {Actions} actions
 */
function choices({ sale, isBusy, isOnline }, actions) {
  if (sale.is_open) {
    return [banner('warn', 'clock', h('p', {}, m('sale.open_text'))),
      button('resume', m('sale.end'), () => actions.resume(sale.sale), {
        class: 'primary big wide', key: 'F9', picture: 'refresh', disabled: isBusy || !isOnline,
      })];
  }
  const able = [
    sale.is_held && button('ask-capture', m('sale.capture'), () => actions.ask('capture'), { class: 'primary big wide', key: 'F7', picture: 'check' }),
    sale.is_held && button('ask-void', m('sale.void'), () => actions.ask('void'), { class: 'big wide', key: 'F9', picture: 'undo' }),
    sale.refundable_minor > 0
      && button('ask-refund', m('sale.refund'), () => actions.ask('refund'), { class: 'big wide', key: 'F10', picture: 'undo' }),
  ].filter(Boolean);
  return able.length > 0 ? able : h('p', { class: 'muted' }, m('sale.nothing'));
}
