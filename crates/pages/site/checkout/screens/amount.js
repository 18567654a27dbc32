/**
 * How much: the pad, the amount as it grows, and the way to the scan. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { money, time } from '/shared/i18n.js';
import { m } from '../words.js';
import { banner, bigMoney, button, drawing, shell, slot } from './shell.js';
import { stateBadge } from './state.js';

/** In characters; the core takes 100 bytes, and a letter with an accent is two. */
export const REFERENCE_LENGTH_MAX = 50;

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '00', '0', 'back'];

/**
 * @param {import('../types').AmountModel} model
 * @param {import('../types').Actions} actions
 */
export function amountScreen(model, actions) {
  return shell('amount', model, actions, {},
    h('div', { class: 'desk' },
      h('section', { class: 'card display' },
        h('h1', { class: 'display-label', dataset: { focus: '' }, tabindex: '-1' }, m('amount.title')),
        h('output', { class: 'display-amount', 'aria-live': 'polite' }, slot('amount', bigMoney(model.amountMinor, model.currency))),
        h('div', { role: 'status' }, slot('note', note(model))),
        referenceField(model, actions),
        slot('last', lastSale(model, actions))),
      h('section', { class: 'stack pad' },
        keypad(actions),
        slot('go', button('scan', m('amount.scan'), () => actions.scan(), {
          class: `primary big wide${model.amountMinor > 0 ? '' : ' idle'}`, key: 'Enter', picture: 'camera',
        })))));
}

/** @param {import('../types').AmountModel} model */
function note({ note, plan }) {
  if (note) return banner('warn', 'info', h('p', {}, m(note)));
  return plan === 'hold' && h('p', { class: 'muted small' }, m('amount.hold'));
}

/**
 * @param {import('../types').AmountModel} model
 * @param {import('../types').Actions} actions
 */
function referenceField({ reference }, actions) {
  const input = h('input', {
    id: 'reference',
    value: reference,
    maxlength: String(REFERENCE_LENGTH_MAX),
    autocomplete: 'off',
    spellcheck: 'false',
    enterkeyhint: 'done',
    'aria-describedby': 'reference-hint',
    dataset: { action: 'reference' },
    oninput: () => actions.reference(input.value),
  });
  return h('div', { class: 'field' },
    h('label', { for: 'reference' }, m('amount.reference')),
    input,
    h('span', { class: 'hint', id: 'reference-hint' }, m('amount.reference_hint')));
}

/** @param {import('../types').Actions} actions */
function keypad(actions) {
  return h('div', { class: 'keypad till-keypad', role: 'group', 'aria-label': m('amount.pad') },
    KEYS.map((key) => h('button', {
      type: 'button',
      class: key === 'back' ? 'quiet' : '',
      dataset: { action: `key-${key}` },
      'aria-label': key === 'back' ? m('word.backspace') : null,
      // The pad is for finger and mouse: it must not take the focus, or Enter would press the last digit again.
      onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
      onclick: () => actions.key(key),
    }, key === 'back' ? drawing('backspace') : key)));
}

/**
 * @param {import('../types').AmountModel} model
 * @param {import('../types').Actions} actions
 */
function lastSale({ last }, actions) {
  return last && h('button', {
    type: 'button',
    class: 'item last-sale',
    dataset: { action: 'last-sale' },
    onclick: () => actions.openSale(last.sale),
  }, icon('receipt'),
  h('span', { class: 'body' },
    h('span', { class: 'sub number' }, `${m('amount.last')} · ${time(last.opened_at_ms)}`),
    h('span', { class: 'title number' }, money(last.amount_minor, last.currency))),
  stateBadge(last));
}
