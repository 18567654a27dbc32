/** The customer with the phone: what a person does on the wallet page, by fingers and eyes only. */
import { Browser, PHONE } from './browser.mjs';
import { takePicture } from './pictures.mjs';
import { numberIn, press, screen } from './screen.mjs';

/** What the customer chose, and another. */
export const PIN = '493817';
export const WRONG_PIN = '840261';

export class Customer {
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
   * A customer with a new phone, on the wallet's first screen.
   * @param {import('./scope.mjs').Keep} keep
   * @param {string} origin
   * @param {Partial<import('./browser.mjs').Wish>} [wish]
   */
  static async arrive(keep, origin, wish = {}) {
    const customer = new Customer(await Browser.open(keep, { origin, size: PHONE, scale: 2, ...wish }), origin);
    await customer.openWallet();
    return customer;
  }

  get page() {
    if (this.#page === null) throw new Error('the wallet is not open');
    return this.#page;
  }

  /** @param {string} [rest] what follows the wallet's address */
  async openWallet(rest = '') {
    this.#page = await this.browser.page();
    await this.#page.goto(`${this.origin}/wallet/${rest}`);
  }

  /** Turns the phone off and on again. */
  async restart() {
    await this.browser.close();
    await this.browser.open();
    await this.openWallet();
  }

  /**
   * Types the activation code, chooses the PIN and types it again.
   * @param {string} code
   * @param {string} [pin]
   */
  async activate(code, pin = PIN) {
    // Where browsers forget, the page asks to be installed first.
    if ((await screen(this.page, 'activate', 'install')) === 'install') await press(this.page, 'anyway');
    await screen(this.page, 'activate');
    await this.page.locator('#activation-code').pressSequentially(code);
    await press(this.page, 'continue');
    await this.choosePin(pin);
  }

  /**
   * Holds the operator's letter before the phone's camera instead, then chooses the PIN.
   * @param {string} png
   */
  async activateByCamera(png) {
    if (this.browser.camera === null) throw new Error('this phone has no camera');
    this.browser.camera.show(png);
    if ((await screen(this.page, 'activate', 'install')) === 'install') await press(this.page, 'anyway');
    await screen(this.page, 'activate');
    await press(this.page, 'scan');
    await this.choosePin(PIN);
  }

  /** @param {string} pin */
  async choosePin(pin) {
    await this.typeNewPin(pin);
    await screen(this.page, 'home', 'add-bank');
  }

  /**
   * Types a new PIN, and again.
   * @param {string} pin
   */
  async typeNewPin(pin) {
    await screen(this.page, 'choose-pin');
    await this.typePin(pin);
    await screen(this.page, 'repeat-pin');
    await this.typePin(pin);
  }

  /** From the start to where the PIN so far is asked for, to change it. */
  async beginPinChange() {
    await screen(this.page, 'home');
    await press(this.page, 'settings');
    await screen(this.page, 'settings');
    await press(this.page, 'change-pin');
    await screen(this.page, 'present-pin');
  }

  /**
   * Types the PIN so far, then a new one twice: what comes then is the server's word.
   * @param {string} present
   * @param {string} chosen
   */
  async changePin(present, chosen) {
    await this.beginPinChange();
    await this.typePin(present);
    await this.typeNewPin(chosen);
  }

  /**
   * Goes to the bank, signs in there, picks the account, and is sent back.
   * @param {{ customer_number: string, bank_password: string }} setup
   * @param {(screen: string) => Promise<void>} [look] called at each of the bank's screens
   */
  async addAccount(setup, look) {
    if ((await screen(this.page, 'home', 'add-bank')) === 'home') await press(this.page, 'add-bank');
    await screen(this.page, 'add-bank');
    await press(this.page, 'go-to-bank');
    await signInAtBank(this.page, setup, look);
    await screen(this.page, 'bank-done');
    await press(this.page, 'home');
    await screen(this.page, 'home');
  }

  /** Presses the PIN pad's keys. @param {string} pin */
  async typePin(pin) {
    for (const digit of pin) await press(this.page, `digit-${digit}`);
    await press(this.page, 'ok');
  }

  /**
   * Asks for a payment code and types the PIN.
   * @param {{ pin?: string, capMinor?: number, till?: string }} [wish]
   */
  async showCode({ pin = PIN, capMinor, till } = {}) {
    await screen(this.page, 'home');
    await press(this.page, 'pay');
    await screen(this.page, 'pay');
    if (capMinor !== undefined || till !== undefined) await this.#choose(capMinor, till);
    await this.typePin(pin);
    await screen(this.page, 'code');
    await this.page.waitForFunction(() => performance.getEntriesByName('code-drawn').length > 0);
  }

  /** @param {number | undefined} capMinor @param {string | undefined} till */
  async #choose(capMinor, till) {
    await press(this.page, 'options');
    await screen(this.page, 'pay-options');
    if (capMinor !== undefined) {
      await this.page.locator('[data-action="cap"][data-of="own"]').check();
      await this.page.locator('#own-cap').fill((capMinor / 100).toFixed(2));
    }
    if (till !== undefined) await this.page.locator('#till').fill(till);
    await press(this.page, 'apply');
    await screen(this.page, 'pay');
  }

  /** The counter of the code on the screen. */
  counter() {
    return numberIn(this.page, '#code', 'data-counter');
  }

  /** What others see who look at the phone. @param {string} name */
  pictureOfScreen(name) {
    return takePicture(this.page, name);
  }

  /**
   * Waits until the wallet shows by itself what came of the payment.
   * @param {string} outcome
   * @param {string} [cause]
   */
  async hears(outcome, cause) {
    const of = cause === undefined ? '' : `[data-cause="${cause}"]`;
    await screen(this.page, `result[data-outcome="${outcome}"]${of}`);
  }

  /** From what came of it back to the start. */
  async done() {
    await press(this.page, 'home');
    await screen(this.page, 'home');
  }
}

/**
 * On the bank's own page: signs in, picks the account, agrees, and is sent back.
 * @param {import('./screen.mjs').View} view
 * @param {{ customer_number: string, bank_password: string }} setup
 * @param {(screen: string) => Promise<void>} [look]
 */
async function signInAtBank(view, { customer_number, bank_password }, look = async () => {}) {
  await screen(view, 'login');
  await look('login');
  await view.locator('#number').fill(customer_number);
  await view.locator('#password').fill(bank_password);
  await press(view, 'login');
  if ((await screen(view, 'account', 'consent')) === 'account') {
    await look('account');
    await press(view, 'continue');
  }
  await screen(view, 'consent');
  await look('consent');
  await press(view, 'agree');
}
