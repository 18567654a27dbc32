/**
 * The keyboard: a scanner that types, digits for the pad, and the keys that buttons name in `aria-keyshortcuts`.
 * Must not know what any of it does.
 */

import { Wedge } from '../engine/wedge.js';

/**
 * @typedef {object} Hears
 * @property {() => string} screen the screen that stands
 * @property {() => () => void} remember what to do to undo what the first digits of a scan did
 * @property {(text: string) => void} scanned
 * @property {(key: string) => void} key a key of the pad
 */

/** A little longer than the longest pause within a scan. */
const LEFT_AFTER_MS = 560;
const SECOND_KEY_MS = 20;

/**
 * @param {HTMLElement} root
 * @param {{ keys: Hears }} flow
 */
export function listenToKeys(root, { keys }) {
  const wedge = new Wedge();
  let undo = () => {};
  let timer = 0;
  let takenAtMs = -Infinity;

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was a scanner's */
  const isScanners = (event) => {
    // Keys and links may hold digits too: where they are typed, nothing is taken for a scan.
    if (keys.screen() === 'setup') return false;
    const heard = wedge.key(event, event.timeStamp, keys.screen() === 'scan' && !isTyping(event.target));
    if (heard.is === 'first') undo = takeBack(event.target, keys.remember());
    if (heard.is === 'found') undo();
    if (heard.is === 'text') {
      takenAtMs = event.timeStamp;
      keys.scanned(heard.text);
      return true;
    }
    // Some scanners end with two keys: the second must not press a button of the screen that stands by then.
    if ((event.key === 'Enter' || event.key === 'Tab') && event.timeStamp - takenAtMs < SECOND_KEY_MS) return true;
    clearTimeout(timer);
    if (heard.is === 'found' || heard.is === 'scan') {
      timer = setTimeout(() => wedge.isLeft(performance.now()) && keys.scanned(wedge.take().text), LEFT_AFTER_MS);
    }
    return heard.is === 'found' || heard.is === 'scan';
  };

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (isScanners(event)) return stop(event);
    if (keys.screen() === 'amount' && !isTyping(event.target)) {
      const key = padKey(event);
      if (key) {
        keys.key(key);
        return stop(event);
      }
    }
    if (event.repeat || (event.key === 'Enter' && hasOwnEnter(event.target))) return;
    const button = root.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
    if (!(button instanceof HTMLButtonElement)) return;
    stop(event);
    if (!button.disabled) button.click();
  }, { capture: true });
}

/**
 * The undoing of what the first digits of a scan did, also to a field that they went into.
 * @param {EventTarget | null} target
 * @param {() => void} forget
 */
function takeBack(target, forget) {
  const before = target instanceof HTMLInputElement ? target.value : null;
  return () => {
    forget();
    if (!(target instanceof HTMLInputElement) || before === null || target.value === before) return;
    target.value = before;
    target.dispatchEvent(new Event('input', { bubbles: true }));
  };
}

/** @param {KeyboardEvent} event */
function padKey({ key }) {
  if (/^\d$/.test(key)) return key;
  if (key === 'Backspace') return 'back';
  if (key === 'Delete') return 'clear';
  return null;
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  if (target instanceof HTMLInputElement) return target.type !== 'radio' && target.type !== 'checkbox';
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Whether Enter already means something where the focus is. @param {EventTarget | null} target */
function hasOwnEnter(target) {
  if (target instanceof HTMLInputElement) return target.form !== null || target.type === 'date';
  return target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement || target instanceof HTMLSelectElement;
}

/** @param {Event} event */
function stop(event) {
  event.preventDefault();
  event.stopPropagation();
}
