/**
 * Looks at the pages in Chromium: `node tests/pages/run.mjs [--suite NAME]... [--screen TEXT] [--bless-pictures]
 * [--typing-ms N]`. `--screen` looks only at the gallery's screens whose `APP: NAME` contains the text.
 * `cargo xtask test` installs what it needs and runs it; the last line is the sum.
 */
import { parseArgs } from 'node:util';
import { Tests } from './lib/runner.mjs';

/**
 * Each suite is loaded only when it is asked for.
 * @type {Record<string, (tests: Tests, options: Options) => Promise<void>>}
 */
const SUITES = {
  vectors: async (tests) => (await import('./suites/vectors.mjs')).vectors(tests),
  gallery: async (tests, options) => (await import('./suites/gallery.mjs')).gallery(tests, options),
  payment: async (tests, options) => (await import('./suites/payment.mjs')).payment(tests, options),
  wallet: async (tests) => (await import('./suites/wallet.mjs')).wallet(tests),
  'pin-change': async (tests) => (await import('./suites/pin-change.mjs')).pinChange(tests),
  devices: async (tests) => (await import('./suites/devices.mjs')).devices(tests),
  approval: async (tests) => (await import('./suites/approval.mjs')).approval(tests),
  checkout: async (tests) => (await import('./suites/checkout.mjs')).checkout(tests),
  front: async (tests, options) => (await import('./suites/front.mjs')).front(tests, options),
  device: async (tests) => (await import('./suites/device.mjs')).device(tests),
  others: async (tests) => (await import('./suites/others.mjs')).others(tests),
  webkit: async (tests) => (await import('./suites/webkit.mjs')).webkit(tests),
};

/** @typedef {{ blessesPictures: boolean, typingMs: number, screen: string }} Options */

const { values } = parseArgs({
  options: {
    suite: { type: 'string', multiple: true },
    screen: { type: 'string', default: '' },
    'bless-pictures': { type: 'boolean', default: false },
    'typing-ms': { type: 'string', default: '2400' },
  },
});
const chosen = values.suite ?? Object.keys(SUITES);
const options = {
  blessesPictures: values['bless-pictures'],
  typingMs: Number(values['typing-ms']),
  screen: values.screen,
};
const tests = new Tests();
for (const name of chosen) {
  const suite = SUITES[name];
  if (suite === undefined) throw new Error(`no suite is called ${name}; there are: ${Object.keys(SUITES).join(', ')}`);
  // A suite that cannot even begin is one failed test.
  await suite(tests, options).catch((error) => tests.test(name, () => Promise.reject(error)));
}
// A browser that fell silent would keep this program waiting for ever.
process.exit(tests.finish());
