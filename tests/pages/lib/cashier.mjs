/** The cashier at the till: what a person does on the checkout page, by mouse, keyboard and camera. */
import { Browser, DESKTOP } from './browser.mjs';
import { press, screen } from './screen.mjs';

export class Cashier {
  /** @type {import('playwright-core').Page | null} */
  #page = null;

  /**
   * @param {Browser} browser
   * @param {string} origin
   */
  constructor(browser, origin) {
    this.browser = browser;
    this.origin = origin;
  }

  /**
   * A cashier at a new till that was set up by its link.
   * @param {import('./scope.mjs').Keep} keep
   * @param {string} origin
   * @param {{ api_key: string, till: string, currency: string }} setup
   * @param {Partial<import('./browser.mjs').Wish>} [wish]
   */
  static async arrive(keep, origin, setup, wish = {}) {
    const cashier = new Cashier(await Browser.open(keep, { origin, size: DESKTOP, withCamera: true, ...wish }), origin);
    const link = new URLSearchParams({ key: setup.api_key, till: setup.till, currency: setup.currency });
    await cashier.openCheckout(`#${link}`);
    await screen(cashier.page, 'setup-confirm');
    await press(cashier.page, 'use');
    await screen(cashier.page, 'amount');
    return cashier;
  }

  /**
   * A cashier at a new till that nobody has set up.
   * @param {import('./scope.mjs').Keep} keep
   * @param {string} origin
   */
  static async arriveUnset(keep, origin) {
    const cashier = new Cashier(await Browser.open(keep, { origin, size: DESKTOP }), origin);
    await cashier.openCheckout();
    await screen(cashier.page, 'setup');
    return cashier;
  }

  get page() {
    if (this.#page === null) throw new Error('the checkout is not open');
    return this.#page;
  }

  /** The customer holds a phone with this on its screen in front of the camera. @param {string} png */
  isShown(png) {
    if (this.browser.camera === null) throw new Error('this till has no camera');
    this.browser.camera.show(png);
  }

  /** @param {string} [rest] what follows the checkout's address */
  async openCheckout(rest = '') {
    this.#page = await this.browser.page();
    await this.#page.goto(`${this.origin}/checkout/${rest}`);
  }

  /** Types an amount on the pad and begins to scan. @param {number} amountMinor */
  async ask(amountMinor) {
    await screen(this.page, 'amount');
    for (const digit of String(amountMinor)) await press(this.page, `key-${digit}`);
    await press(this.page, 'scan');
  }

  /**
   * Waits for what came of the sale.
   * @param {string} outcome
   */
  async sees(outcome) {
    const result = this.page.locator(`[data-screen="result"] [data-outcome]`);
    await screen(this.page, 'result');
    await result.waitFor();
    const seen = await result.getAttribute('data-outcome');
    if (seen !== outcome) throw new Error(`the till says ${seen}, not ${outcome}: ${await result.innerText()}`);
  }

  /** From the result to the next customer. */
  async next() {
    await press(this.page, 'new-sale');
    await screen(this.page, 'amount');
  }
}
