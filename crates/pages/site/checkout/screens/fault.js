/**
 * When the till cannot work at all: what happened, and what to do. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { m } from '../words.js';
import { button } from './shell.js';

/**
 * @param {import('../types').FaultModel} model
 * @param {import('../types').Actions} actions
 */
export function faultScreen({ kind, detail }, actions) {
  const isWait = kind === 'other_tab';
  return h('div', { class: 'till plain-till', dataset: { screen: 'fault', fault: kind } },
    h('main', { class: 'till-main' },
      h('div', { class: 'narrow' },
        h('div', { class: `card result ${isWait ? 'wait' : 'bad'}` },
          h('span', { class: 'mark' }, isWait ? h('span', { class: 'spinner', 'aria-hidden': 'true' }) : icon(kind === 'key_refused' ? 'key' : 'warn')),
          h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m(`fault.${kind}`)),
          h('p', {}, m(`fault.${kind}_text`)),
          detail && h('p', { class: 'small', lang: 'en' }, detail),
          kind === 'key_refused' && button('set-up', m('fault.again'), () => actions.setUpAgain(), { class: 'primary big', key: 'Enter', picture: 'key' }),
          kind === 'key_refused' && button('new-sale', m('word.back'), () => actions.newSale(), { class: 'quiet', key: 'Escape' }),
          (kind === 'storage_full' || kind === 'unexpected' || kind === 'storage_unavailable')
            && button('reload', m('fault.reload'), () => actions.reload(), { class: 'primary big', key: 'Enter', picture: 'refresh' })))));
}

/** While the till opens. */
export function openingScreen() {
  return h('div', { class: 'till plain-till', dataset: { screen: 'opening' } },
    h('main', { class: 'till-main' }, h('div', { class: 'waiting' },
      h('h1', { class: 'visually-hidden', dataset: { focus: '' }, tabindex: '-1' }, m('app.name')),
      h('span', { class: 'spinner waiting-spinner', 'aria-hidden': 'true' }), h('p', { class: 'muted', role: 'status' }, m('word.loading')))));
}
