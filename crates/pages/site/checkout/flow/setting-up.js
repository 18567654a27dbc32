/**
 * Setting the till up: by typing, by a link, or by a page of our own origin that frames this one. A key is kept only
 * after the server has said whose it is. Must not know how it is kept.
 */

import { minorDigits } from '/shared/i18n.js';
import { faultOf } from '../engine/fault.js';
import { tellReady } from '../engine/frame.js';
import { setupConfirmScreen, setupScreen } from '../screens/setup.js';

/** @typedef {{ apiKey: string, till: string, currency: string }} Wish */

export class SettingUp {
  /** @type {Wish} */
  #wish = { apiKey: '', till: '', currency: 'CHF' };
  /** @type {import('../types').FaultKind | null} */
  #fault = null;
  #isBusy = false;
  /** @type {import('../types').Candidate | null} */
  #candidate = null;
  onDone = () => {};

  /** @param {import('./actions.js').Flow} flow */
  constructor(flow) {
    this.flow = flow;
  }

  /** @returns {Partial<import('../types').Actions>} */
  actions() {
    return {
      setUpAgain: () => {
        const { setup } = this.flow.till;
        this.#wish = { apiKey: '', till: setup?.till ?? '', currency: setup?.currency ?? 'CHF' };
        this.show();
      },
      look: (wish) => this.flow.run(this.#look(wish)),
      chooseTill: (till) => { if (this.#candidate) this.#candidate.till = till; },
      adopt: () => this.flow.run(this.#adopt()),
    };
  }

  /** The form, empty or as it was. */
  show() {
    const { desk, till, actions } = this.flow;
    this.#candidate = null;
    desk.show('setup', () => setupScreen(
      { ...this.#wish, fault: this.#fault, isChecking: this.#isBusy, isAgain: till.setup !== null },
      actions,
    ));
  }

  back() {
    this.#fault = null;
    if (this.#candidate) return this.show();
    this.#wish = { ...this.#wish, apiKey: '' };
    this.flow.home();
  }

  /** @param {Wish} wish */
  async fromLink(wish) {
    this.#wish = { ...wish, currency: currencyOf(wish.currency) };
    this.show();
    await this.#look(this.#wish);
  }

  /**
   * A page of our own origin could do all that this one does: it need not ask a person again.
   * @param {{ key: string, till: string, currency: string }} wish
   */
  async fromParent({ key, till: number, currency }) {
    const { till } = this.flow;
    try {
      const candidate = await till.look({ apiKey: key, till: number, currency: currencyOf(currency) });
      const before = till.setup;
      const isSame = before?.checkout === candidate.checkout && before.till === candidate.till
        && before.currency === candidate.currency && !till.isKeyRefused;
      if (!isSame) {
        this.#candidate = candidate;
        await this.#adopt();
      }
    } catch (thrown) {
      const { kind } = faultOf(thrown);
      // Neither says anything against the key: a sale is under way, or nobody answered.
      if (kind !== 'unfinished' && till.setup === null) this.#fault = kind;
      if (this.flow.desk.name === 'setup') this.flow.desk.redraw();
    }
    tellReady(till.setup !== null);
  }

  /** @param {Wish} wish */
  async #look(wish) {
    const { desk, till } = this.flow;
    this.#wish = wish;
    this.#fault = null;
    this.#isBusy = true;
    desk.redraw();
    try {
      this.#candidate = await till.look({ ...wish, currency: currencyOf(wish.currency) });
      this.#wish = { ...wish, apiKey: '' };
      this.#isBusy = false;
      this.#confirm();
    } catch (thrown) {
      this.#fault = faultOf(thrown).kind;
      this.#isBusy = false;
      desk.redraw();
    }
  }

  #confirm() {
    const { desk, till, actions } = this.flow;
    desk.show('setup-confirm', () => {
      const candidate = /** @type {import('../types').Candidate} */ (this.#candidate);
      const isOther = till.setup !== null && till.setup.checkout !== candidate.checkout;
      return setupConfirmScreen(
        { candidate, till: candidate.till, openCount: isOther ? till.open().length : 0, isBusy: this.#isBusy },
        actions,
      );
    });
  }

  async #adopt() {
    const candidate = this.#candidate;
    if (!candidate || this.#isBusy) return;
    this.#isBusy = true;
    this.flow.desk.redraw();
    try {
      await this.flow.till.adopt(candidate);
      this.#candidate = null;
    } finally {
      this.#isBusy = false;
    }
    this.onDone();
  }
}

/** A currency that the browser can write; francs if it is none. @param {string} text */
function currencyOf(text) {
  const code = text.trim().toUpperCase();
  try {
    minorDigits(code);
    return code;
  } catch {
    return 'CHF';
  }
}
