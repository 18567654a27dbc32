/**
 * Sales that something was cut off in, and how far ending them is. Pure.
 */

import { h, icon } from '/shared/dom.js';
import { dateTime, money } from '/shared/i18n.js';
import { m } from '../words.js';
import { button, shell, slot } from './shell.js';
import { stateBadge } from './state.js';

/**
 * @param {import('../types').UnfinishedModel} model
 * @param {import('../types').Actions} actions
 */
export function unfinishedScreen(model, actions) {
  const { rows, isRunning, isOnline } = model;
  const isAllEnded = rows.every(({ state }) => state === 'ended');
  return shell('unfinished', model, actions, {},
    h('div', { class: 'narrow stack unfinished' },
      h('h1', { dataset: { focus: '' }, tabindex: '-1' }, m('open.title')),
      h('p', { class: 'muted' }, m('open.explain')),
      h('p', { class: 'visually-hidden', role: 'status' }, slot('open-state', isAllEnded && h('span', {}, rows.length ? m('open.ended_all') : m('open.none')))),
      slot('rows', rows.length === 0
        ? h('p', { class: 'card muted centred empty-day' }, icon('check'), m('open.none'))
        : h('ul', { class: 'list' }, rows.map((row) => item(row, actions)))),
      slot('choices',
        !isAllEnded && button('end-all', isRunning ? m('open.running') : m('open.run'), () => actions.endAll(), {
          class: 'primary big wide', key: 'F9', picture: 'refresh', disabled: isRunning || !isOnline,
        }),
        button('new-sale', m('result.next'), () => actions.newSale(), {
          class: `big wide${isAllEnded ? ' primary' : ''}`, key: 'Enter', picture: 'plus',
        }))));
}

/**
 * @param {import('../types').UnfinishedModel['rows'][number]} row
 * @param {import('../types').Actions} actions
 */
function item({ sale, state, step }, actions) {
  const trail = {
    waiting: () => h('span', { class: 'badge' }, icon('clock'), m('open.waiting')),
    running: () => h('span', { class: 'badge warn' }, h('span', { class: 'spinner tiny' }), m(`asking.${step ?? 'ending'}`)),
    ended: () => stateBadge(sale),
  }[state];
  return h('li', {}, h('button', {
    type: 'button', class: 'item', dataset: { action: 'open-sale', sale: sale.sale }, onclick: () => actions.openSale(sale.sale),
  },
  h('span', { class: 'body' },
    h('span', { class: 'title number' }, money(sale.amount_minor, sale.currency)),
    h('span', { class: 'sub number' }, [sale.sale, sale.reference, dateTime(sale.opened_at_ms)].filter(Boolean).join(' · '))),
  trail()));
}
