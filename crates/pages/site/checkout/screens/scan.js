/**
 * The scan: camera, scanner and typed digits at the same time, with the amount in sight. Pure; the picture itself
 * is put into `[data-video]` by the page.
 */

import { h, icon } from '/shared/dom.js';
import { m } from '../words.js';
import { banner, bigMoney, button, shell, slot } from './shell.js';

/**
 * @param {import('../types').ScanModel} model
 * @param {import('../types').Actions} actions
 */
export function scanScreen(model, actions) {
  return shell('scan', model, actions, { hasNav: false },
    h('div', { class: 'desk scan-desk' },
      slotCamera(model, actions),
      h('section', { class: 'stack' },
        h('div', { class: 'stack tight' },
          h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m('scan.title')),
          slot('amount', h('p', {}, bigMoney(model.amountMinor, model.currency))),
          model.reference && h('p', { class: 'muted' }, model.reference)),
        h('div', { role: 'alert' }, slot('note', note(model, actions))),
        h('p', { class: 'muted' }, m('scan.lead')),
        model.plan === 'hold' && h('p', { class: 'muted small' }, m('amount.hold')),
        digitsForm(actions),
        h('div', { class: 'scan-back' },
          button('back', m('word.back'), () => actions.back(), { class: 'big wide', key: 'Escape', picture: 'back' })))));
}

/**
 * @param {import('../types').ScanModel} model
 * @param {import('../types').Actions} actions
 */
function slotCamera({ camera, isReading }, actions) {
  const isOff = camera === 'denied' || camera === 'none' || camera === 'busy' || camera === 'stopped';
  return h('section', { class: 'viewfinder', 'aria-label': m('scan.camera') },
    h('div', { class: 'viewfinder-video', dataset: { video: '' } }),
    slot('camera',
      isOff
        ? h('div', { class: 'viewfinder-off' }, icon(camera === 'denied' ? 'lock' : 'camera'),
          h('p', {}, m(`scan.${camera}`)),
          camera !== 'none' && button('camera', m('word.retry'), () => actions.camera(), { picture: 'refresh' }))
        : h('div', { class: `viewfinder-frame ${camera}` }),
      !isOff && h('p', { class: 'viewfinder-state' },
        h('span', { class: 'spinner' }), h('span', {}, isReading ? m('scan.reading') : m(`scan.${camera}`)))));
}

/**
 * @param {import('../types').ScanModel} model
 * @param {import('../types').Actions} actions
 */
function note({ note }, actions) {
  if (!note) return null;
  const { kind, sale } = note;
  return banner(kind === 'misread' ? 'warn' : 'bad', 'warn', h('p', {}, m(`fault.${kind}`)),
    sale && button('open-sale', m('fault.show', { sale }), () => actions.openSale(sale), { class: 'small-button' }));
}

/** @param {import('../types').Actions} actions */
function digitsForm(actions) {
  const input = h('input', {
    id: 'digits',
    inputmode: 'numeric',
    autocomplete: 'off',
    spellcheck: 'false',
    enterkeyhint: 'go',
    'aria-describedby': 'digits-hint',
    dataset: { action: 'digits' },
  });
  return h('form', {
    class: 'field',
    novalidate: true,
    onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      const text = input.value.trim();
      input.value = '';
      if (text) actions.typed(text);
    },
  },
  h('label', { for: 'digits' }, m('scan.digits')),
  h('div', { class: 'input-row' }, input, h('button', { class: 'button', dataset: { action: 'take-digits' } }, m('scan.take'))),
  h('span', { class: 'hint', id: 'digits-hint' }, m('scan.digits_hint')));
}
