/**
 * Every screen of wallet and checkout, drawn from sample values: in four languages, light and dark, on a
 * phone and on a desktop. Nothing is cut off, axe is content, nothing is said on the console.
 */
import { DESKTOP, PHONE } from '../lib/browser.mjs';
import { violations } from '../lib/axe.mjs';
import { misfits } from '../lib/layout.mjs';
import { takePicture } from '../lib/pictures.mjs';
import { chromium } from '../lib/places.mjs';
import { playwright } from '../lib/packages.mjs';
import { Findings } from '../lib/runner.mjs';
import { serveSite } from '../lib/static-server.mjs';
import { Watch } from '../lib/watch.mjs';

const LANGUAGES = ['en', 'de', 'fr', 'it'];
/** @type {('light' | 'dark')[]} */
const SCHEMES = ['light', 'dark'];
/** The narrowest screen that WCAG asks for (1.4.10): also a desktop at 400 %. */
const NARROW = { width: 320, height: 568 };
/** Browsers that look at screens at the same time. */
const VIEWERS = 2;
/** Looking at one screen takes a second or two. A browser that is silent for so long never answers again. */
const SILENCE_MS = 60_000;

const SIZES = { phone: PHONE, desktop: DESKTOP };

/** On which device each app is used most: axe looks at all languages there. */
const APPS = /** @type {const} */ ({ wallet: 'phone', checkout: 'desktop' });

/**
 * @param {import('../lib/runner.mjs').Tests} tests
 * @param {import('../run.mjs').Options} options
 */
export async function gallery(tests, { screen: wanted }) {
  const server = await serveSite();
  try {
    for (const app of /** @type {(keyof typeof APPS)[]} */ (Object.keys(APPS))) {
      /** @type {Viewer[]} */
      const viewers = [];
      await tests.test(`gallery ${app}: opens`, async () => {
        for (let number = 0; number < VIEWERS; number += 1) viewers.push(await Viewer.open(server.origin, app));
        assertComplete(app, viewers[0]?.names ?? []);
      });
      const names = viewers[0]?.names ?? [];
      const open = names.filter((name) => `${app}: ${name}`.includes(wanted));
      const lookAtAll = async (/** @type {Viewer} */ viewer) => {
        for (let name = open.shift(); name !== undefined; name = open.shift()) {
          const screen = name;
          await tests.test(`gallery ${app}: ${screen}`, () => viewer.lookAtPatiently(screen));
        }
      };
      await Promise.all(viewers.map(lookAtAll));
      await Promise.all(viewers.map((viewer) => viewer.close()));
    }
  } finally {
    server.close();
  }
}

/** @param {string} app @param {string[]} names */
function assertComplete(app, names) {
  if (names.length === 0) throw new Error(`${app} has no samples`);
  if (new Set(names).size !== names.length) throw new Error(`two samples of ${app} have the same name`);
}

/** A browser that shows one app's samples. */
class Viewer {
  /** @type {import('playwright-core').Browser | null} */
  #browser = null;
  /** @type {import('playwright-core').Page | null} */
  #page = null;
  /** @type {Watch | null} */
  #watch = null;
  /** @type {string[]} */
  names = [];

  /**
   * @param {string} origin
   * @param {keyof typeof APPS} app
   */
  constructor(origin, app) {
    this.origin = origin;
    this.app = app;
  }

  /**
   * @param {string} origin
   * @param {keyof typeof APPS} app
   */
  static async open(origin, app) {
    const viewer = new Viewer(origin, app);
    await viewer.start();
    return viewer;
  }

  get page() {
    if (this.#page === null) throw new Error('the viewer is closed');
    return this.#page;
  }

  async start() {
    const args = ['--no-sandbox', '--disable-gpu'];
    this.#browser = await playwright.chromium.launch({ executablePath: chromium, args });
    const context = await this.#browser.newContext({ deviceScaleFactor: 2, reducedMotion: 'reduce', locale: 'en-CH' });
    this.#watch = new Watch(context, this.origin);
    this.#page = await context.newPage();
    await this.page.goto(`${this.origin}/${this.app}/gallery`);
    try {
      await this.page.waitForFunction(() => 'gallery' in globalThis, undefined, { timeout: 20_000 });
    } catch (error) {
      this.#watch.assertClean();
      throw error;
    }
    this.names = await this.page.evaluate(() => /** @type {any} */ (globalThis).gallery.names);
  }

  async close() {
    await this.#browser?.close();
  }

  /**
   * Looks at a screen; once more with a new browser if this one falls silent, as browsers do now and then.
   * @param {string} name
   */
  async lookAtPatiently(name) {
    if (await answers(this.lookAt(name))) return;
    console.log(`        the browser fell silent at ${name}; another one looks again`);
    // Not waited for: it may never end.
    this.close().catch(() => {});
    await this.start();
    if (!(await answers(this.lookAt(name)))) throw new Error('two browsers fell silent at this screen');
  }

  /** @param {string} name */
  async lookAt(name) {
    /** @type {Map<string, string[]>} where each fault was seen */
    const found = new Map();
    const note = (/** @type {string[]} */ faults, /** @type {string} */ where) => {
      for (const fault of faults) found.set(fault, [...(found.get(fault) ?? []), where]);
    };
    for (const language of LANGUAGES) {
      await this.page.evaluate(
        ([name, language]) => /** @type {any} */ (globalThis).gallery.show(name, language),
        [name, language],
      );
      for (const scheme of SCHEMES) {
        await this.page.emulateMedia({ colorScheme: scheme });
        for (const size of /** @type {(keyof typeof SIZES)[]} */ (Object.keys(SIZES))) {
          await this.page.setViewportSize(SIZES[size]);
          note(await this.faults(language, scheme, size), `${language} ${scheme} ${size}`);
          if (language === 'en') await this.picture(name, scheme, size);
        }
      }
      await this.page.setViewportSize(NARROW);
      note(await misfits(this.page), `${language} narrow`);
    }
    this.#watch?.assertClean();
    if (found.size > 0) throw new Findings([...found].map(([fault, where]) => `${fault} [${where.join(', ')}]`));
  }

  /**
   * What is wrong with the screen as it is now.
   * @param {string} language
   * @param {'light' | 'dark'} scheme
   * @param {keyof typeof SIZES} size
   */
  async faults(language, scheme, size) {
    const isForAxe = size === APPS[this.app] || language === 'en';
    // Where things stand does not depend on colours.
    const unfitting = scheme === 'light' ? await misfits(this.page) : [];
    return [...unfitting, ...(isForAxe ? await violations(this.page) : [])];
  }

  /**
   * @param {string} name
   * @param {'light' | 'dark'} scheme
   * @param {keyof typeof SIZES} size
   */
  async picture(name, scheme, size) {
    if (scheme === 'dark' && size !== APPS[this.app]) return;
    await takePicture(this.page, `${this.app}/${name}-${size}-${scheme}`, { isWhole: true });
  }
}

/**
 * Whether `look` ends before the silence is too long; what it throws is thrown.
 * @param {Promise<void>} look
 */
async function answers(look) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const silence = new Promise((resolve) => { timer = setTimeout(() => resolve(false), SILENCE_MS); });
  try {
    return await Promise.race([look.then(() => true), silence]);
  } finally {
    clearTimeout(timer);
    // What comes too late is of no interest.
    look.catch(() => {});
  }
}
