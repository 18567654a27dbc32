/**
 * Makes the elements of a page: `h` for HTML, `icon` for pictures, `mount` to show a screen.
 * Text only ever becomes a text node, and no attribute ever holds script or style, so the strict
 * content security policy has nothing to complain about. It must not know any screen or word.
 */

import { isFramed } from './frame.js';

/** @typedef {import('./types.js').Child} Child */
/** @typedef {string | number | boolean | null | undefined | object | ((event: any) => unknown)} Prop */
/** @typedef {{ class?: string | null | false, dataset?: Record<string, string | number | boolean>, [name: string]: Prop }} Props */

// These are set as properties: their attribute is only a first value, or they have none.
const PROPERTIES = new Set(['value', 'checked', 'selected', 'muted', 'indeterminate', 'srcObject']);

/**
 * Makes an element. A function becomes a listener (`onclick: fn`), `true` an empty attribute,
 * `false`, `null` and `undefined` nothing (but `aria-*` keeps "true" and "false"), `dataset` its
 * `data-*` attributes, `style` an object of CSS properties set through the CSSOM.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  const late = [];
  for (const [name, value] of Object.entries(props ?? {})) {
    if (PROPERTIES.has(name)) late.push([name, value]);
    else setProp(element, name, value);
  }
  append(element, children);
  // A select knows its value only once it has its options, an input once it has its type.
  for (const [name, value] of late) {
    if (value !== null && value !== undefined) Reflect.set(element, String(name), value);
  }
  return element;
}

/**
 * Shows `node` as the only content of `root` and moves the focus to its `[data-focus]`, else to
 * its first `h1`, so that a screen reader begins at the new screen's heading.
 * @param {Element} root
 * @param {Node} node
 */
export function mount(root, node) {
  root.replaceChildren(node);
  // A page in a frame must not take the focus away from what the person is doing around it.
  if (isFramed && !document.hasFocus()) return;
  const target = root.querySelector('[data-focus]') ?? root.querySelector('h1');
  if (!(target instanceof HTMLElement)) return;
  if (target.tagName === 'H1') target.tabIndex = -1;
  target.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

/** Outlines on a grid of 24 by 24, drawn with a line of 2 in the colour of the text. */
const ICONS = {
  back: 'M15 5l-7 7 7 7',
  bank: 'M4 10h16L12 4zM6 10v8M10 10v8M14 10v8M18 10v8M4 20h16',
  camera: 'M4 8h4l2-3h4l2 3h4v11H4zM12 16.5a3.5 3.5 0 100-7 3.5 3.5 0 000 7z',
  card: 'M3 6h18v12H3zM3 10.5h18M7 15h3',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  chevron: 'M9 5l7 7-7 7',
  clock: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 7v5l3.5 2',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  cross: 'M6 6l12 12M18 6L6 18',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  info: 'M12 21a9 9 0 100-18 9 9 0 000 18zM12 11v6M12 7.5v.01',
  install: 'M7 3h10v18H7zM12 7v7M9 11.5l3 3 3-3M11 18h2',
  key: 'M8 16a4 4 0 100-8 4 4 0 000 8zM12 12h9M17 12v4M21 12v3',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6v.01M4.5 12v.01M4.5 18v.01',
  lock: 'M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 017 0V11M12 15v1.5',
  offline: 'M4 4l16 16M5 12.5a10 10 0 014-2.3M19 12.5a10 10 0 00-5.5-2.9M8.5 16a5 5 0 015.5-1M2 9a14.5 14.5 0 014.5-2.8M22 9a14.5 14.5 0 00-11-3.9M12 19.5v.01',
  phone: 'M7 3h10v18H7zM11 18h2',
  plus: 'M12 5v14M5 12h14',
  receipt: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6',
  refresh: 'M19.5 12a7.5 7.5 0 11-2.2-5.3L20 9.5M20 4v5.5h-5.5',
  settings: 'M4 7h9M19 7h1M4 17h1M11 17h9M16 9.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM8 19.5a2.5 2.5 0 100-5 2.5 2.5 0 000 5z',
  shop: 'M4 9l2-5h12l2 5M5 9v11h14V9M4 9c0 3 4 3 4 0 0 3 4 3 4 0 0 3 4 3 4 0 0 3 4 3 4 0M10 20v-5h4v5',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  undo: 'M9 14L4 9l5-5M4 9h10a6 6 0 010 12h-3',
  warn: 'M12 4l9.5 16h-19zM12 10v4.5M12 17.5v.01',
};

/** @typedef {keyof typeof ICONS} IconName */

/**
 * A picture for the eye only: what it means must also stand there in words.
 * @param {IconName} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/**
 * @param {HTMLElement} element
 * @param {string} name
 * @param {Prop} value
 */
function setProp(element, name, value) {
  if (value === null || value === undefined) return;
  if (typeof value === 'function') {
    element.addEventListener(name.replace(/^on/, ''), /** @type {EventListener} */ (value));
  } else if (name === 'dataset') {
    for (const [key, entry] of Object.entries(value)) element.dataset[key] = String(entry);
  } else if (name === 'style') {
    if (typeof value !== 'object') throw new TypeError('style is an object of CSS properties');
    for (const [key, entry] of Object.entries(value)) element.style.setProperty(key, String(entry));
  } else if (typeof value === 'boolean' && !name.startsWith('aria-')) {
    element.toggleAttribute(name, value);
  } else {
    element.setAttribute(name, String(value));
  }
}

/**
 * @param {HTMLElement} element
 * @param {Child[]} children
 */
function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}
