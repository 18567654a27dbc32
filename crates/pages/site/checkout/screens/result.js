/**
 * What came of it, to be seen from two metres away: colour, sign, amount, and one sentence on what to do. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { time } from '/shared/i18n.js';
import { m } from '../words.js';
import { bigMoney, button, shell } from './shell.js';

/** @typedef {import('../types').OutcomeKind} OutcomeKind */

/** @type {Record<OutcomeKind, { kind: 'good' | 'bad' | 'wait' | 'hold' | 'calm', picture: import('/shared/dom.js').IconName }>} */
const LOOKS = {
  paid: { kind: 'good', picture: 'check' },
  captured: { kind: 'good', picture: 'check' },
  held: { kind: 'hold', picture: 'lock' },
  refunded: { kind: 'good', picture: 'undo' },
  voided: { kind: 'calm', picture: 'undo' },
  declined: { kind: 'bad', picture: 'cross' },
  not_paid: { kind: 'bad', picture: 'cross' },
  not_done: { kind: 'bad', picture: 'cross' },
  scan_again: { kind: 'wait', picture: 'refresh' },
  unreachable: { kind: 'wait', picture: 'offline' },
  unknown: { kind: 'wait', picture: 'warn' },
};

/**
 * @param {import('../types').ResultModel} model
 * @param {import('../types').Actions} actions
 */
export function resultScreen(model, actions) {
  const { sale, outcome, amountMinor, isEarlier } = model;
  const { kind, picture } = LOOKS[outcome.kind];
  return shell('result', model, actions, { hasNav: false, class: `glance ${kind}` },
    h('div', { class: 'glance-body', dataset: { outcome: outcome.kind } },
      h('span', { class: 'glance-mark' }, icon(picture)),
      h('h1', { class: 'glance-title', dataset: { focus: '' }, tabindex: '-1' }, m(`result.${outcome.kind}`)),
      h('p', {}, bigMoney(amountMinor, sale.currency)),
      sentences(model).map((text) => h('p', { class: 'glance-text' }, text)),
      isEarlier && h('p', { class: 'glance-text' }, m('result.earlier')),
      outcome.detail && h('p', { class: 'glance-small', lang: 'en' }, m('result.reason', { reason: outcome.detail })),
      h('p', { class: 'glance-small number' },
        [sale.sale, sale.reference, time(sale.opened_at_ms)].filter(Boolean).join(' · '))),
    h('div', { class: 'glance-actions' }, choices(model, actions)));
}

/** @param {import('../types').ResultModel} model */
function sentences({ outcome, isKeyRefused }) {
  const told = [];
  if (isKeyRefused) told.push(m('result.key_text'));
  switch (outcome.kind) {
    case 'declined':
      told.push(m(`result.${outcome.customer_action ?? 'other_method'}`));
      break;
    case 'held': case 'voided': case 'not_paid': case 'not_done': case 'unreachable': case 'unknown':
      told.push(m(`result.${outcome.kind}_text`));
      break;
    default:
  }
  return told;
}

/**
 * @param {import('../types').ResultModel} model
 * @param {import('../types').Actions} actions
 */
function choices({ sale, outcome, isKeyRefused }, actions) {
  const next = (/** @type {string} */ key) =>
    button('new-sale', m('result.next'), () => actions.newSale(), { class: 'big', key, picture: 'plus' });
  const details = button('open-sale', m('result.details'), () => actions.openSale(sale.sale), { class: 'big ghost', key: 'F9', picture: 'receipt' });
  if (isKeyRefused) {
    return [button('set-up', m('fault.again'), () => actions.setUpAgain(), { class: 'big', key: 'Enter', picture: 'key' }), details];
  }
  switch (outcome.kind) {
    case 'unknown':
      return [button('resume', m('result.retry'), () => actions.resume(sale.sale), { class: 'big', key: 'Enter', picture: 'refresh' }), next('Escape')];
    case 'unreachable': case 'declined': case 'scan_again': case 'not_paid':
      return [button('again', m('result.again'), () => actions.again(), { class: 'big', key: 'Enter', picture: 'camera' }), next('Escape')];
    default:
      return [next('Enter'), details];
  }
}
