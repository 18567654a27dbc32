/**
 * Where things stand on the front page: phone, path and till beside one another on a desk; on a
 * phone one of them at a time, under tabs. It must not know what a payment is.
 */
import { h, icon } from '/shared/dom.js';
import { languagePicker, t } from '/shared/i18n.js';

/** @typedef {'wallet' | 'path' | 'checkout'} Pane */
/** @typedef {{ root: HTMLElement, guide: HTMLElement, path: HTMLElement, below: HTMLElement, wallet: HTMLIFrameElement, checkout: HTMLIFrameElement, select(pane: Pane): void, words(): void }} Layout */

/** @type {readonly Pane[]} */
const PANES = ['wallet', 'path', 'checkout'];
/** What the phone's screen measures in its own pixels; it is shown smaller where there is less room. */
const SCREEN_HEIGHT_PX = 690;
const SCALE_MIN = 0.78;
/** What stands above and around the screens on a desk. */
const AROUND_PX = 208;

/** @returns {Layout} */
export function makeLayout() {
  const top = h('header', { class: 'topbar demo-top' });
  const guide = h('section', { class: 'guide' });
  const path = h('div', { class: 'pane-inner' });
  const below = h('div', { class: 'below' });
  const wallet = h('iframe', { src: '/wallet/', allow: 'camera; clipboard-read; clipboard-write' });
  const checkout = h('iframe', { src: '/checkout/', allow: 'camera' });
  const tabs = PANES.map((pane) => makeTab(pane, select));
  const panes = {
    wallet: makeCase('wallet', 'phone-case', wallet),
    path: h('section', { class: 'pane pane-path', id: 'pane-path' }, path),
    checkout: makeCase('checkout', 'till-case', checkout),
  };

  /** @param {Pane} pane */
  function select(pane) {
    for (const one of PANES) panes[one].classList.toggle('selected', one === pane);
    for (const tab of tabs) {
      const isSelected = tab.dataset.pane === pane;
      tab.setAttribute('aria-selected', String(isSelected));
      tab.tabIndex = isSelected ? 0 : -1;
    }
  }

  function words() {
    top.replaceChildren(
      h('h1', { class: 'wordmark' }, 'Batzen', h('span', { class: 'wordmark-sub' }, t('top.sub'))),
      languagePicker());
    wallet.title = t('top.walletFrame');
    checkout.title = t('top.checkoutFrame');
    guide.setAttribute('aria-label', t('guide.label'));
    for (const tab of tabs) tab.replaceChildren(icon(TAB_ICONS[paneOf(tab)]), t(`tabs.${tab.dataset.pane}`));
    panes.wallet.dataset.caption = t('top.phone');
    panes.checkout.dataset.caption = t('top.till');
    panes.path.setAttribute('aria-label', t('path.title'));
    tabList.setAttribute('aria-label', t('tabs.label'));
  }

  const tabList = h('div', { class: 'tabs demo-tabs', role: 'tablist', onkeydown: (/** @type {KeyboardEvent} */ event) => moveTab(event, tabs) }, tabs);
  const root = h('main', { class: 'page wide demo' },
    top, guide, tabList, h('div', { class: 'demo-stage' }, panes.wallet, panes.path, panes.checkout), below);
  const fit = () => {
    const scale = Math.min(1, Math.max(SCALE_MIN, (window.innerHeight - AROUND_PX) / SCREEN_HEIGHT_PX));
    root.style.setProperty('--scale', String(scale));
  };
  window.addEventListener('resize', fit);
  fit();
  words();
  select('wallet');
  return { root, guide, path, below, wallet, checkout, select, words };
}

/** @type {Record<Pane, import('/shared/dom.js').IconName>} */
const TAB_ICONS = { wallet: 'phone', path: 'list', checkout: 'shop' };

/** @param {HTMLElement} tab */
const paneOf = (tab) => /** @type {Pane} */ (tab.dataset.pane);

/**
 * @param {Pane} pane
 * @param {(pane: Pane) => void} select
 */
function makeTab(pane, select) {
  return h('button', { role: 'tab', dataset: { pane }, 'aria-controls': `pane-${pane}`, onclick: () => select(pane) });
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement[]} tabs
 */
function moveTab(event, tabs) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const here = tabs.findIndex((tab) => tab === document.activeElement);
  const next = tabs[(here + step + tabs.length) % tabs.length];
  next.click();
  next.focus();
}

/**
 * @param {Pane} pane
 * @param {string} kind
 * @param {HTMLIFrameElement} frame
 */
function makeCase(pane, kind, frame) {
  return h('section', { class: `pane ${kind}`, id: `pane-${pane}` }, h('div', { class: 'screen' }, frame));
}
