/**
 * Sets the till up: key, till number and currency, then who the server takes it for. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { languagePicker } from '/shared/i18n.js';
import { m } from '../words.js';
import { banner, button, slot } from './shell.js';

/** @typedef {import('../types').Actions} Actions */

const CURRENCIES = ['CHF', 'EUR', 'GBP', 'USD'];

/**
 * @param {import('../types').SetupModel} model
 * @param {Actions} actions
 */
export function setupScreen(model, actions) {
  const { fault, isChecking, isAgain } = model;
  const key = field('key', m('setup.key'), m('setup.key_hint'), model.apiKey, { autocomplete: 'off', spellcheck: 'false', type: 'password' });
  const till = field('till', m('setup.till'), m('setup.till_hint'), model.till, { inputmode: 'numeric', autocomplete: 'off' });
  const currencies = [...new Set([model.currency, ...CURRENCIES])].filter(Boolean);
  const currency = h('select', { id: 'currency', value: model.currency, dataset: { action: 'currency' } }, currencies.map((code) => h('option', { value: code }, code)));
  return plain('setup',
    h('form', {
      class: 'card stack',
      novalidate: true,
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        if (!isChecking) actions.look({ apiKey: key.input.value.trim(), till: till.input.value.trim(), currency: currency.value });
      },
    },
    h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m('setup.title')),
    h('p', { class: 'muted' }, m('setup.lead')),
    h('div', { role: 'alert' }, slot('fault', fault && banner('bad', 'warn', h('p', {}, m(`fault.${fault}`))))),
    key.element,
    h('div', { class: 'two-fields' }, till.element,
      h('div', { class: 'field' }, h('label', { for: 'currency' }, m('setup.currency')), currency)),
    slot('check', h('button', { class: 'button primary big wide', dataset: { action: 'check' }, disabled: isChecking },
      isChecking && h('span', { class: 'spinner' }), h('span', {}, isChecking ? m('setup.checking') : m('setup.check')))),
    isAgain && button('back', m('word.cancel'), () => actions.back(), { class: 'quiet wide', key: 'Escape' })));
}

/**
 * @param {import('../types').SetupConfirmModel} model
 * @param {Actions} actions
 */
export function setupConfirmScreen({ candidate, till, openCount, isBusy }, actions) {
  const { merchant, name, tills, currency } = candidate;
  return plain('setup-confirm',
    h('div', { class: 'card stack' },
      h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m('setup.confirm')),
      h('p', { class: 'muted' }, m('setup.confirm_lead')),
      openCount > 0 && banner('warn', 'clock', h('p', {}, m('setup.open', { count: openCount }))),
      h('p', { class: 'setup-merchant' }, icon('shop'), merchant),
      h('dl', { class: 'key-value' },
        h('dt', {}, m('settings.checkout')), h('dd', {}, name),
        tills.length === 1 && [h('dt', {}, m('settings.number')), h('dd', {}, till)],
        h('dt', {}, m('settings.currency')), h('dd', {}, currency)),
      tills.length === 0 && banner('bad', 'warn', h('p', {}, m('setup.no_till'))),
      tills.length > 1 && h('fieldset', { class: 'plain stack tight' }, h('legend', { class: 'small-title' }, m('setup.choose')),
        h('div', { class: 'till-choices' }, tills.map((label) => h('label', { class: 'choice' },
          h('input', { type: 'radio', name: 'till', value: label, checked: label === till, dataset: { action: `till-${label}` }, onchange: () => actions.chooseTill(label) }),
          h('span', { class: 'body' }, h('span', { class: 'title number' }, m('app.till', { till: label }))))))),
      slot('use', button('use', m('setup.use'), () => actions.adopt(), { class: 'primary big wide', key: 'Enter', disabled: isBusy || tills.length === 0 })),
      button('back', m('word.back'), () => actions.back(), { class: 'quiet wide', key: 'Escape' })));
}

/**
 * @param {string} screen
 * @param {HTMLElement} content
 */
function plain(screen, content) {
  return h('div', { class: 'till plain-till', dataset: { screen } },
    h('header', { class: 'topbar till-bar' },
      h('div', { class: 'till-brand' }, h('span', { class: 'till-mark' }, icon('shop')), h('span', { class: 'title' }, m('app.name'))),
      languagePicker()),
    h('main', { class: 'till-main' }, h('div', { class: 'narrow' }, content)));
}

/**
 * @param {string} name
 * @param {string} label
 * @param {string} hint
 * @param {string} value
 * @param {Record<string, string>} props
 */
function field(name, label, hint, value, props) {
  const input = h('input', { id: name, value, 'aria-describedby': `${name}-hint`, dataset: { action: name }, ...props });
  const element = h('div', { class: 'field' },
    h('label', { for: name }, label), input, h('span', { class: 'hint', id: `${name}-hint` }, hint));
  return { input, element };
}
