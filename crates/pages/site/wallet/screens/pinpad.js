/**
 * The PIN pad: big keys, dots, the keyboard's digits. The digits live in this closure only, never in the page's
 * text or attributes, and are forgotten when the pad is done or leaves. It must not know what a PIN is for.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { onLeave } from '../lifecycle.js';

export const PIN_LEN_MIN = 6;
export const PIN_LEN_MAX = 12;

/**
 * @param {{ isMarked?: boolean, okLabel?: string, onPin: (pin: string, timing: import('../types.js').PinTiming) => void }} options
 *   `isMarked`: leave marks for measuring the time from PIN to code; `okLabel`: what the last key does, in a word
 */
export function pinPad({ isMarked = false, okLabel = t('pin.ok'), onPin }) {
  /** @type {string[]} */
  let digits = [];
  let firstMs = 0;
  let lastMs = 0;
  const dots = h('div', { class: 'dots', 'aria-hidden': 'true' });
  const said = h('p', { class: 'visually-hidden', role: 'status' });
  const ok = key('ok', okLabel, () => enter(), okLabel === t('pin.ok') ? 'primary' : 'primary word');

  function draw() {
    const places = Math.max(PIN_LEN_MIN, digits.length);
    dots.replaceChildren(...Array.from({ length: places }, (_, place) => h('span', { class: place < digits.length ? 'on' : null })));
    dots.classList.toggle('many', places > 8);
    said.textContent = digits.length > 0 ? t('pin.entered', { count: digits.length }) : '';
    ok.classList.toggle('primary', digits.length >= PIN_LEN_MIN);
  }

  /** @param {string} digit */
  function type(digit) {
    if (digits.length >= PIN_LEN_MAX) return;
    lastMs = performance.now();
    if (digits.length === 0) {
      firstMs = lastMs;
      if (isMarked) performance.mark('pin-first');
    }
    digits.push(digit);
    draw();
  }

  function erase() {
    digits.pop();
    draw();
  }

  function enter() {
    if (digits.length === 0) return;
    const okMs = performance.now();
    if (isMarked) performance.mark('pin-last');
    const pin = digits.join('');
    digits = [];
    draw();
    onPin(pin, { firstMs, lastMs, okMs });
  }

  const pad = h('div', { class: 'keypad', role: 'group', 'aria-label': t('pin.keys') },
    ['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((digit) => key(`digit-${digit}`, digit, () => type(digit))),
    key('backspace', backspaceMark(), erase, 'quiet', t('pin.delete')),
    key('digit-0', '0', () => type('0')),
    ok);
  const element = h('div', { class: 'pinpad stack loose' }, dots, said, pad);
  draw();
  followKeyboard(element, { type, erase, enter });
  onLeave(element, () => { digits = []; });
  return element;
}

/**
 * @param {string} action
 * @param {Node | string} label
 * @param {() => void} onclick
 * @param {string} [kind]
 * @param {string} [name] read aloud instead of the label
 */
function key(action, label, onclick, kind = '', name = undefined) {
  return h('button', {
    type: 'button', class: kind, dataset: { action }, 'aria-label': name, onclick,
    // A tapped key must not take the focus: Enter on the keyboard would then press it again.
    onmousedown: (/** @type {MouseEvent} */ event) => event.preventDefault(),
  }, label);
}

/** The key's usual picture: an arrow-shaped label with a cross. */
function backspaceMark() {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', 'M8 6h13v12H8l-5-6zM11.5 9.5l5 5M16.5 9.5l-5 5');
  svg.append(path);
  return svg;
}

/**
 * @param {HTMLElement} element
 * @param {{ type: (digit: string) => void, erase: () => void, enter: () => void }} pad
 */
function followKeyboard(element, { type, erase, enter }) {
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (!element.isConnected || element.closest('[inert]') || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('input, select, textarea')) return;
    if (/^[0-9]$/.test(event.key)) type(event.key);
    else if (event.key === 'Backspace') erase();
    // On a focused button Enter presses that button, as everywhere.
    else if (event.key === 'Enter' && !target?.closest('button, a')) enter();
    else return;
    event.preventDefault();
  };
  window.addEventListener('keydown', onKey);
  onLeave(element, () => window.removeEventListener('keydown', onKey));
}
