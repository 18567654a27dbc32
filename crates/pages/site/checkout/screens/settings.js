/**
 * What can be set at this till, and what it was set up with. Pure.
 */

import { h } from '/shared/dom.js';
import { languagePicker } from '/shared/i18n.js';
import { m } from '../words.js';
import { button, keyHint, shell } from './shell.js';

/**
 * @param {import('../types').SettingsModel} model
 * @param {import('../types').Actions} actions
 */
export function settingsScreen(model, actions) {
  const { plan, isMuted, setup } = model;
  /** @param {import('../types').Plan} value */
  const choice = (value) => h('label', { class: 'choice' },
    h('input', { type: 'radio', name: 'plan', value, checked: plan === value, dataset: { action: `plan-${value}` }, onchange: () => actions.plan(value) }),
    h('span', { class: 'body' }, h('span', { class: 'title' }, m(`settings.${value}`)), h('span', { class: 'sub' }, m(`settings.${value}_text`))));
  const sound = h('input', { type: 'checkbox', checked: !isMuted, dataset: { action: 'sound' }, onchange: () => actions.mute() });
  return shell('settings', model, actions, {},
    h('div', { class: 'stack loose' },
      h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m('settings.title')),
      h('div', { class: 'settings-columns' },
        h('section', { class: 'stack loose' },
          h('fieldset', { class: 'plain stack tight' }, h('legend', { class: 'small-title' }, m('settings.plan')), choice('capture'), choice('hold')),
          h('div', { class: 'stack tight' }, h('h2', { class: 'small-title' }, m('settings.sound')),
            h('label', { class: 'choice' }, sound, h('span', { class: 'body' }, h('span', { class: 'title' }, m('settings.sound')), h('span', { class: 'sub' }, m('settings.sound_text'))))),
          h('div', { class: 'stack tight' }, h('h2', { class: 'small-title' }, m('settings.language')), languagePicker())),
        h('section', { class: 'stack loose' },
          setup && h('div', { class: 'card stack' }, h('h2', { class: 'small-title' }, m('settings.till')),
            h('dl', { class: 'key-value' },
              h('dt', {}, m('settings.merchant')), h('dd', {}, setup.merchant),
              h('dt', {}, m('settings.checkout')), h('dd', {}, setup.name),
              h('dt', {}, m('settings.number')), h('dd', {}, setup.till),
              h('dt', {}, m('settings.currency')), h('dd', {}, setup.currency)),
            button('set-up', m('settings.again'), () => actions.setUpAgain(), { class: 'wide', picture: 'key' })),
          keys()))));
}

function keys() {
  /** @type {[string, import('../types').WordKey][]} */
  const all = [
    ['F2', 'settings.key_new'], ['F4', 'settings.key_journal'], ['F8', 'settings.key_settings'],
    ['Enter', 'settings.key_enter'], ['Escape', 'settings.key_escape'],
  ];
  return h('div', { class: 'stack tight key-list' }, h('h2', { class: 'small-title' }, m('settings.keys')),
    h('ul', { class: 'steps' }, all.map(([key, word]) => h('li', {}, keyHint(key), h('span', {}, m(word))))));
}
