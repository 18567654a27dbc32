/**
 * The place where one screen stands at a time. It moves the focus to a new screen's heading, keeps it on an
 * update, sets the page's title and speaks to screen readers. What cannot wait covers everything else: what is shown
 * meanwhile stands there once the cover is gone. It must not know which screens there are.
 */
import { mount } from '/shared/dom.js';
import { isFramed } from '/shared/frame.js';
import { t } from '/shared/i18n.js';
import { leave } from './lifecycle.js';

/** @typedef {import('./types.js').Scene} Scene */

/**
 * @param {HTMLElement} root
 * @param {HTMLElement} voice a live region
 * @returns {import('./types.js').Stage}
 */
export function makeStage(root, voice) {
  /** @type {Scene | null} */
  let current = null;
  /** @type {Scene | null} */
  let cover = null;
  const press = followPress(root, redrawTop);

  /**
   * @param {Scene} scene
   * @param {{ isUpdate?: boolean }} [options]
   */
  function show(scene, options) {
    current = scene;
    if (!cover) put(scene, options);
  }

  /**
   * @param {Scene} scene
   * @param {{ isUpdate?: boolean }} [options]
   */
  function put(scene, { isUpdate = false } = {}) {
    const before = root.firstElementChild;
    const focused = isUpdate ? hookOf(document.activeElement) : null;
    if (scene.onBack) leaveAStep();
    const node = scene.draw();
    if (before) leave(before);
    if (isUpdate) {
      const { scrollY } = window;
      root.replaceChildren(node);
      focusHook(root, focused);
      window.scrollTo(0, scrollY);
    } else {
      mount(root, node);
    }
    const heading = node.querySelector('h1')?.textContent;
    document.title = heading ? `${heading} – ${t('app.name')}` : t('app.name');
  }

  /** Draws the screen anew, but touches the page only if that changes it: a press under way must not be lost. */
  function redrawTop() {
    const before = root.firstElementChild;
    const top = cover ?? current;
    if (!top || !before || press.isToWait()) return;
    const node = top.draw();
    const isSame = node.isEqualNode(before);
    leave(node);
    if (!isSame) put(top, { isUpdate: true });
  }

  return {
    show,
    redraw: () => { if (!cover) redrawTop(); },
    redrawTop,
    cover: (scene, options) => {
      cover = scene;
      put(scene, options);
    },
    uncover: () => {
      if (!cover) return;
      cover = null;
      if (current) put(current);
    },
    scene: () => current,
    top: () => cover ?? current,
    announce: (text) => {
      // The same words twice in a row are heard twice only if the region was empty between.
      voice.textContent = '';
      setTimeout(() => { voice.textContent = text; }, 50);
    },
  };
}

/**
 * A button that is drawn anew between press and release loses its click: what comes meanwhile waits for the release.
 * @param {HTMLElement} root
 * @param {() => void} redraw
 */
function followPress(root, redraw) {
  let isPressed = false;
  let isWaiting = false;
  root.addEventListener('pointerdown', () => { isPressed = true; });
  const release = () => {
    isPressed = false;
    if (isWaiting) redraw();
  };
  // The click comes right after the release.
  for (const event of ['pointerup', 'pointercancel']) addEventListener(event, () => setTimeout(release));
  return {
    isToWait: () => {
      isWaiting = isPressed;
      return isPressed;
    },
  };
}

/** One step in the browser's history, for the device's back button to take back. A frame's history is its parent's. */
function leaveAStep() {
  if (!isFramed && !history.state?.batzen) history.pushState({ batzen: true }, '');
}

/**
 * How to find the focused element again after the screen is drawn anew.
 * @param {Element | null} element
 * @returns {string | null}
 */
function hookOf(element) {
  if (!(element instanceof HTMLElement)) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.dataset.action) {
    const of = element.dataset.of ? `[data-of="${CSS.escape(element.dataset.of)}"]` : '';
    return `[data-action="${CSS.escape(element.dataset.action)}"]${of}`;
  }
  return element.tagName === 'H1' ? 'h1' : null;
}

/**
 * @param {HTMLElement} root
 * @param {string | null} hook
 */
function focusHook(root, hook) {
  const target = hook ? root.querySelector(hook) : null;
  if (!(target instanceof HTMLElement)) return;
  if (target.tagName === 'H1') target.tabIndex = -1;
  target.focus({ preventScroll: true });
}
