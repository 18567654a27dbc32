/**
 * Asks once more before money moves, and how much of it. Pure.
 */

import { h } from '/shared/dom.js';
import { minorDigits, money } from '/shared/i18n.js';
import { amountFromText } from '../engine/amount.js';
import { m } from '../words.js';
import { button, shell, slot } from './shell.js';

/** @typedef {import('../types').ConfirmModel} ConfirmModel */
/** @typedef {import('../types').Actions} Actions */

/**
 * How much it is; null if the part that was typed makes no sense.
 * @param {ConfirmModel} model
 */
export function confirmedMinor({ part, partText, limitMinor, sale }) {
  if (part === 'all') return limitMinor;
  const amountMinor = amountFromText(partText, minorDigits(sale.currency));
  return amountMinor !== null && amountMinor <= limitMinor ? amountMinor : null;
}

/**
 * @param {ConfirmModel} model
 * @param {Actions} actions
 */
export function confirmScreen(model, actions) {
  const { sale, action, limitMinor } = model;
  const limit = money(limitMinor, sale.currency);
  return shell('confirm', model, actions, { hasNav: false },
    h('div', { class: 'narrow stack' },
      h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m(`confirm.${action}`)),
      h('p', { class: 'muted' }, `${[sale.sale, sale.reference].filter(Boolean).join(' · ')} — ${m(`confirm.${action}_text`, { amount: limit })}`),
      action !== 'void' && howMuch(model, actions),
      slot('do', doButton(model, actions)),
      button('back', m('word.back'), () => actions.back(), { class: 'big wide', key: 'Escape', picture: 'back' })));
}

/**
 * @param {ConfirmModel} model
 * @param {Actions} actions
 */
function howMuch(model, actions) {
  const { sale, limitMinor, part } = model;
  /**
   * @param {'all' | 'part'} value
   * @param {string} title
   * @param {string} [sub]
   */
  const choice = (value, title, sub) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: 'part', value, checked: part === value, dataset: { action: `part-${value}` }, onchange: () => actions.part(value) }),
    h('span', { class: 'body' }, h('span', { class: 'title' }, title), sub && h('span', { class: 'sub number' }, sub)));
  return h('fieldset', { class: 'plain stack' },
    h('legend', { class: 'visually-hidden' }, m('confirm.what')),
    choice('all', m('confirm.all'), money(limitMinor, sale.currency)),
    choice('part', m('confirm.part')),
    slot('part', part === 'part' && partField(model, actions)),
    h('p', { class: 'part-error', role: 'alert' }, slot('part-error', model.isBadPart && h('span', { id: 'part-error' }, m('confirm.part_bad', { amount: money(limitMinor, sale.currency) })))));
}

/**
 * @param {ConfirmModel} model
 * @param {Actions} actions
 */
function partField({ sale, partText }, actions) {
  const input = h('input', {
    id: 'part',
    value: partText,
    inputmode: 'decimal',
    autocomplete: 'off',
    'aria-describedby': 'part-error',
    dataset: { action: 'part-text' },
    oninput: () => actions.partText(input.value),
  });
  return h('div', { class: 'field' }, h('label', { for: 'part' }, m('confirm.part_label', { currency: sale.currency })), input);
}

/**
 * @param {ConfirmModel} model
 * @param {Actions} actions
 */
function doButton(model, actions) {
  const { action, sale, limitMinor } = model;
  const amount = money(confirmedMinor(model) ?? limitMinor, sale.currency);
  const isKnown = confirmedMinor(model) !== null;
  const label = isKnown ? m(`confirm.do_${action}`, { amount }) : m(`sale.${action}`);
  return button('confirm', label, () => actions.confirm(), {
    class: `${action === 'capture' ? 'primary' : 'danger'} big wide`, key: 'Enter', picture: action === 'capture' ? 'check' : 'undo',
  });
}
