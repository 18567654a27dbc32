/**
 * While the server is asked: what happens, for how long already, and the way out. Pure.
 */

import { h } from '/shared/dom.js';
import { m } from '../words.js';
import { bigMoney, button, shell, slot } from './shell.js';

/** From here on it is said that this takes long. */
const SLOW_S = 8;

/**
 * @param {import('../types').AskingModel} model
 * @param {import('../types').Actions} actions
 */
export function askingScreen(model, actions) {
  const { amountMinor, currency, step, elapsedS, canCancel } = model;
  const isWithCustomer = step === 'approving';
  const late = canCancel ? m('asking.slow') : m('asking.slow_only');
  const slow = isWithCustomer ? m('asking.approving_hint') : late;
  return shell('asking', model, actions, { hasNav: false },
    h('div', { class: 'waiting' },
      h('span', { class: 'spinner waiting-spinner', 'aria-hidden': 'true' }),
      h('h1', { class: 'waiting-title', dataset: { focus: '' }, tabindex: '-1' }, m('asking.title')),
      h('p', {}, bigMoney(amountMinor, currency)),
      h('p', { class: 'waiting-step', role: 'status' }, slot('step', h('span', {}, m(`asking.${step}`)))),
      // Seconds are for the eye: read aloud each second they would drown everything else.
      slot('elapsed', h('p', { class: 'muted number', 'aria-hidden': 'true' }, m('asking.elapsed', { count: elapsedS }))),
      h('p', { class: 'muted waiting-slow', role: 'status' }, slot('slow', (isWithCustomer || elapsedS >= SLOW_S) && h('span', {}, slow))),
      slot('cancel', canCancel && button('cancel', m('asking.cancel'), () => actions.cancel(), { class: 'big', key: 'Escape', picture: 'cross' }))));
}
