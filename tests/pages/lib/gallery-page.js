/**
 * Runs in the browser, in an app's own document: shows the app's sample screens one at a time, the way the
 * app itself would show them.
 */
import { mount } from '/shared/dom.js';

/** @typedef {{ name: string, render: (language: string) => HTMLElement | Promise<HTMLElement> }} Sample */

const app = location.pathname.split('/')[1];
/** @type {Sample[]} */
const samples = (await import(`/${app}/gallery.js`)).default;
const root = document.getElementById('app') ?? document.getElementById('root') ?? document.body;

/** What the test drives. */
const gallery = {
  names: samples.map((sample) => sample.name),
  /** @param {string} name @param {string} language */
  async show(name, language) {
    const sample = samples.find((one) => one.name === name);
    if (sample === undefined) throw new Error(`no sample is called ${name}`);
    document.documentElement.lang = language;
    mount(root, await sample.render(language));
    scrollTo(0, 0);
    await document.fonts.ready;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  },
};

Object.assign(globalThis, { gallery });
