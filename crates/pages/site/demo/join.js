/**
 * "Join with your own phone": a 2D code that opens the wallet on a phone in the same network, and
 * how that phone comes to trust the demo's certificate. Without a network door it says how to open
 * one. It must not know how a certificate is made.
 */
import { h, icon } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { drawSymbol } from './symbol.js';

/** @typedef {import('./types.js').Setup} Setup */

/**
 * @param {Setup | null} setup
 * @returns {HTMLElement}
 */
export function drawJoin(setup) {
  const lan = setup?.lan ?? null;
  return h('section', { class: 'card stack join', 'aria-labelledby': 'join-title' },
    h('h2', { id: 'join-title' }, t('join.title')),
    setup && lan ? drawLan(setup, lan) : [
      h('p', null, t('join.without')),
      h('p', null, h('code', { class: 'command' }, 'batzen demo --lan')),
    ]);
}

/**
 * @param {Setup} setup
 * @param {import('./types.js').Lan} lan
 */
function drawLan(setup, lan) {
  const place = h('div', { class: 'join-code' });
  const address = `${lan.url}/wallet/#code=${setup.activation_code}`;
  drawSymbol(address, t('join.codeLabel')).then(
    (code) => place.replaceChildren(code),
    () => place.remove(),
  );
  return h('div', { class: 'join-lan' }, place,
    h('ol', { class: 'steps' },
      h('li', null, h('strong', null, t('join.trust')), ' ', t('join.open'), ' ', h('code', null, lan.url)),
      h('li', null, t('join.compare'), drawFingerprint(lan.fingerprint)),
      h('li', null, t('join.install'), drawSystems()),
      h('li', null, t('join.scan'))),
    h('a', { class: 'button', href: lan.root_url, download: 'batzen-demo-root.crt' }, icon('download'), t('join.download')));
}

/**
 * The fingerprint in lines of four pairs, as one compares it.
 * @param {string} fingerprint
 */
function drawFingerprint(fingerprint) {
  const pairs = fingerprint.replace(/[^0-9a-f]/gi, '').toUpperCase().match(/../g) ?? [];
  return h('code', { class: 'fingerprint' },
    h('span', { class: 'visually-hidden' }, pairs.join(' ')),
    pairs.map((pair) => h('span', { 'aria-hidden': 'true' }, pair)));
}

/** How iOS and Android take a certificate. */
export function drawSystems() {
  return h('div', { class: 'stack tight systems' },
    h('details', null, h('summary', null, t('join.ios')), h('ol', null,
      ['join.ios1', 'join.ios2', 'join.ios3'].map((key) => h('li', null, t(key))))),
    h('details', null, h('summary', null, t('join.android')), h('ol', null,
      ['join.android1', 'join.android2'].map((key) => h('li', null, t(key))))));
}
