/**
 * What all screens of the till stand in: the bar at the top, banners, and the parts that change while a screen
 * stands ("slots"). Pure but for `repaint`, which changes only slots that differ, so that focus and camera stay.
 */

import { h, icon } from '/shared/dom.js';
import { money } from '/shared/i18n.js';
import { m } from '../words.js';

/** @typedef {import('../types').Chrome} Chrome */
/** @typedef {import('../types').Actions} Actions */
/** @typedef {import('/shared/dom.js').Child} Child */

/**
 * @param {string} screen
 * @param {Chrome} model
 * @param {Actions} actions
 * @param {{ hasNav?: boolean, class?: string }} options
 * @param {...Child} content
 */
export function shell(screen, model, actions, { hasNav = true, class: kind = '' }, ...content) {
  return h('div', { class: `till ${kind}`, dataset: { screen } },
    h('header', { class: 'topbar till-bar' },
      brand(model),
      hasNav && nav(screen, actions),
      slot('sound', soundButton(model, actions))),
    h('main', { class: 'till-main' },
      h('div', { role: 'status', class: 'till-banners' }, slot('banners', banners(screen, model, actions))),
      content));
}

/**
 * A part that `repaint` may exchange.
 * @param {string} name
 * @param {...Child} children
 */
export function slot(name, ...children) {
  return h('div', { class: 'slot', dataset: { slot: name } }, children);
}

/**
 * Takes over from `fresh`, the same screen drawn anew, what differs.
 * @param {Element} root
 * @param {HTMLElement} fresh
 */
export function repaint(root, fresh) {
  for (const next of fresh.querySelectorAll('[data-slot]')) {
    const old = root.querySelector(`[data-slot="${next.getAttribute('data-slot')}"]`);
    if (!old || old.outerHTML === next.outerHTML) continue;
    const focused = old.contains(document.activeElement) ? document.activeElement?.getAttribute('data-action') : null;
    old.replaceWith(next);
    const again = focused && root.querySelector(`[data-action="${focused}"]`);
    if (again instanceof HTMLElement) again.focus();
  }
}

/**
 * A button with its key. The key's name is also what the page's keyboard listens for.
 * @param {string} action
 * @param {Child} label
 * @param {() => void} onclick
 * @param {{ class?: string, key?: string, disabled?: boolean, picture?: import('/shared/dom.js').IconName }} [options]
 */
export function button(action, label, onclick, { class: kind = '', key, disabled, picture } = {}) {
  return h('button', {
    type: 'button',
    class: `button ${kind}`,
    dataset: { action },
    'aria-keyshortcuts': key,
    disabled,
    onclick,
  }, picture && icon(picture), h('span', {}, label), key && keyHint(key));
}

/**
 * Big money: the currency small beside the number, which is written as everywhere else in that language.
 * @param {number} amountMinor
 * @param {string} currency
 */
export function bigMoney(amountMinor, currency) {
  const number = money(amountMinor, currency).replace(currency, '').trim();
  const kind = `${amountMinor === 0 ? ' empty' : ''}${number.length > 7 ? ' long' : ''}`;
  return h('span', { class: `amount${kind}` }, h('span', { class: 'currency' }, currency), number);
}

/** @param {string} key */
export const keyHint = (key) => h('kbd', { class: 'key', 'aria-hidden': 'true' }, KEY_NAMES[key] ?? key);

/** @type {Record<string, string>} */
const KEY_NAMES = { Enter: '⏎', Escape: 'Esc' };

/**
 * One sentence that matters now.
 * @param {'good' | 'warn' | 'bad'} kind
 * @param {import('/shared/dom.js').IconName} picture
 * @param {...Child} children
 */
export function banner(kind, picture, ...children) {
  return h('div', { class: `banner ${kind}` }, icon(picture), children);
}

/** @param {Chrome} model */
function brand({ setup }) {
  return h('div', { class: 'till-brand' },
    h('span', { class: 'till-mark' }, icon('shop')),
    h('span', { class: 'body' },
      // On a narrow screen both may end in dots: the title has the whole of it.
      h('span', { class: 'title', title: setup?.merchant ?? m('app.name') }, setup?.merchant ?? m('app.name')),
      setup && h('span', { class: 'sub number', title: m('app.till', { till: setup.till }) }, m('app.till', { till: setup.till }))));
}

/**
 * @param {string} screen
 * @param {Actions} actions
 */
function nav(screen, actions) {
  /**
   * @param {'amount' | 'journal' | 'settings'} to
   * @param {import('/shared/dom.js').IconName} picture
   * @param {string} label
   * @param {string} key
   */
  const entry = (to, picture, label, key) => h('button', {
    type: 'button',
    class: 'button till-nav',
    dataset: { action: `go-${to}` },
    'aria-keyshortcuts': key,
    'aria-current': screen === to ? 'page' : null,
    onclick: () => actions.go(to),
  }, icon(picture), h('span', { class: 'till-nav-label' }, label), keyHint(key));
  return h('nav', { class: 'till-navs', 'aria-label': m('nav.label') },
    entry('amount', 'plus', m('nav.sale'), 'F2'),
    entry('journal', 'list', m('nav.journal'), 'F4'),
    entry('settings', 'settings', m('nav.settings'), 'F8'));
}

/**
 * @param {Chrome} model
 * @param {Actions} actions
 */
function soundButton({ isMuted }, actions) {
  return h('button', {
    type: 'button',
    class: 'button icon-only quiet till-sound',
    dataset: { action: 'mute' },
    'aria-label': isMuted ? m('nav.unmute') : m('nav.mute'),
    onclick: () => actions.mute(),
  }, drawing(isMuted ? 'silent' : 'loud'));
}

/** Outlines that the shared pictures lack, on the same grid of 24 by 24. */
const DRAWINGS = {
  backspace: 'M9 5h12v14H9l-6-7zM12.5 9.5l5 5M17.5 9.5l-5 5',
  loud: 'M4 9.5h3.5L12 5.5v13l-4.5-4H4zM15.5 9a4.2 4.2 0 010 6M18.3 6.5a8 8 0 010 11',
  silent: 'M4 9.5h3.5L12 5.5v13l-4.5-4H4zM16 9.5l5 5M21 9.5l-5 5',
};

/** @param {keyof typeof DRAWINGS} name */
export function drawing(name) {
  const picture = icon('plus');
  picture.firstElementChild?.setAttribute('d', DRAWINGS[name]);
  return picture;
}

/**
 * @param {string} screen
 * @param {Chrome} model
 * @param {Actions} actions
 */
function banners(screen, { isOnline, openCount }, actions) {
  if (screen === 'asking' || screen === 'result') return [];
  const waits = openCount > 0 && screen !== 'unfinished';
  if (!isOnline) {
    return [banner('warn', 'offline', h('p', {},
      m('net.offline'), waits && ` ${m('net.open', { count: openCount })}`))];
  }
  if (!waits || screen === 'scan') return [];
  return [banner('warn', 'clock', h('p', {}, m('open.banner', { count: openCount })),
    button('go-unfinished', m('open.show'), () => actions.go('unfinished'), { class: 'small-button' }))];
}
