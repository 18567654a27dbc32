/**
 * Chromium with a profile that can be closed and opened again, and with a camera that shows what a test
 * holds in front of it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Camera } from './camera.mjs';
import { playwright } from './packages.mjs';
import { chromium } from './places.mjs';
import { Watch } from './watch.mjs';

/** Patience for one click or one change on the screen, on a busy machine. */
const PATIENCE_MS = 45_000;

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // An offline browser must stay offline for itself too, and not wait for a proxy's answer.
  '--no-proxy-server',
];

/**
 * @typedef {object} Wish
 * @property {string} origin the only origin that its pages may ask
 * @property {{ width: number, height: number }} [size]
 * @property {number} [scale] device pixels per CSS pixel
 * @property {string} [language] as a browser names it: `de-CH`
 * @property {'light' | 'dark'} [scheme]
 * @property {boolean} [withCamera]
 */

/** One person's browser on one device. */
export class Browser {
  /** @type {import('playwright-core').BrowserContext | null} */
  #context = null;
  /** @type {Watch | null} */
  #watch = null;

  /** @param {Wish} wish */
  constructor(wish) {
    this.wish = wish;
    this.profile = mkdtempSync(join(tmpdir(), 'batzen-browser-'));
    this.camera = wish.withCamera ? new Camera(this.profile) : null;
  }

  /**
   * A new device, until the scope ends.
   * @param {import('./scope.mjs').Keep} keep
   * @param {Wish} wish
   */
  static async open(keep, wish) {
    const browser = keep(new Browser(wish), (one) => one.discard());
    await browser.open();
    return browser;
  }

  /** Starts the program; its profile is as the last start left it. */
  async open() {
    const { origin, size = PHONE, scale = 1, language = 'en-CH', scheme = 'light' } = this.wish;
    this.#context = await playwright.chromium.launchPersistentContext(join(this.profile, 'profile'), {
      executablePath: chromium,
      args: [...ARGUMENTS, ...(this.camera?.arguments ?? [])],
      viewport: size,
      deviceScaleFactor: scale,
      locale: language,
      colorScheme: scheme,
      // Without a window Chromium refuses what it grants unasked with one.
      permissions: ['screen-wake-lock', ...(this.camera ? ['camera'] : [])],
    });
    this.#context.setDefaultTimeout(PATIENCE_MS);
    this.#watch = new Watch(this.#context, origin);
  }

  get context() {
    if (this.#context === null) throw new Error('the browser is not open');
    return this.#context;
  }

  /** The page it opened with, or the first that is left. */
  async page() {
    return this.context.pages()[0] ?? (await this.context.newPage());
  }

  /** What its pages did that none may do. */
  faults() {
    return this.#watch?.faults ?? [];
  }

  /** Fails when a page did what none may do. */
  assertClean() {
    this.#watch?.assertClean();
  }

  /** Ends the program; the profile stays. */
  async close() {
    await this.#context?.close();
    this.#context = null;
  }

  /** Ends the program and throws the device away. */
  async discard() {
    await this.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
