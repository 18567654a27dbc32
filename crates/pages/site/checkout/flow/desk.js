/**
 * What stands on the screen: shows a screen, redraws its changing parts, and draws all of it anew when the language
 * changes. Must not know which screens there are, but for the one that says that nothing works.
 */

import { mount } from '/shared/dom.js';
import { onLanguage } from '/shared/i18n.js';
import { faultScreen } from '../screens/fault.js';
import { repaint } from '../screens/shell.js';
import { m } from '../words.js';

/** @typedef {import('../types').FaultModel} FaultModel */

/** @type {readonly string[]} */
const WITH_SCREEN = ['not_supported', 'storage_unavailable', 'storage_full', 'other_tab', 'damaged', 'key_refused'];

export class Desk {
  /** @type {() => HTMLElement} */
  #draw = () => document.createElement('div');

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.name = '';
    /** Called when another screen takes this one's place. @type {(from: string, to: string) => void} */
    this.onLeave = () => {};
    /** Called when a screen has been drawn whole. @type {(name: string) => void} */
    this.onShown = () => {};
    /** @type {import('../types').Actions | null} */
    this.actions = null;
    onLanguage(() => this.#mount());
  }

  /**
   * @param {string} name
   * @param {() => HTMLElement} draw
   */
  show(name, draw) {
    if (this.name !== name) this.onLeave(this.name, name);
    this.name = name;
    this.#draw = draw;
    this.#mount();
  }

  /** Draws what changed of the screen that stands. */
  redraw() {
    repaint(this.root, this.#draw());
  }

  /** @param {import('../engine/fault.js').Fault} fault */
  fail({ kind, detail }) {
    const shown = /** @type {FaultModel['kind']} */ (WITH_SCREEN.includes(kind) ? kind : 'unexpected');
    const actions = this.actions ?? /** @type {import('../types').Actions} */ ({ reload: () => location.reload() });
    this.show('fault', () => faultScreen({ kind: shown, detail }, actions));
  }

  #mount() {
    mount(this.root, this.#draw());
    const title = this.root.querySelector('h1')?.textContent;
    document.title = [title, m('app.name'), 'Batzen'].filter(Boolean).join(' · ');
    this.onShown(this.name);
  }
}
