/**
 * A customer with several devices on the wallet page, against the real server: each hears of the others, one names, locks
 * and ends another, one moves to a new phone, and a PIN is set anew by a code.
 */
import { assertAccessible } from '../lib/axe.mjs';
import { Customer, PIN, WRONG_PIN } from '../lib/customer.mjs';
import { Demo } from '../lib/demo.mjs';
import { takePicture } from '../lib/pictures.mjs';
import { Findings } from '../lib/runner.mjs';
import { scope } from '../lib/scope.mjs';
import { press, screen, see } from '../lib/screen.mjs';

/** @typedef {import('../lib/runner.mjs').Step} Step */
/** @typedef {{ keep: import('../lib/scope.mjs').Keep, demo: Demo, setup: import('../lib/demo.mjs').Setup, first: Customer, second: Customer }} Family */

const NAME = 'Anna’s tablet';
const NEW_PIN = '730948';
const THIRD_PIN = '582093';
/** Of a PIN, as the demo's policy has it. */
const TRIES = 3;
const RESET_ROUTE = '**/v1/enrolment/pin-reset';

/** @param {import('../lib/runner.mjs').Tests} tests */
export function devices(tests) {
  return scope(async (keep) => {
    const demo = await Demo.start(keep);
    const setup = await demo.setup();
    const first = await Customer.arrive(keep, demo.origin);
    const second = await Customer.arrive(keep, demo.origin);
    const family = { keep, demo, setup, first, second };
    const step = tests.chain('devices', () => [...first.browser.faults(), ...second.browser.faults()]);
    await step('one customer activates two devices with one account', async () => {
      await first.activate(setup.activation_code);
      await first.addAccount(setup);
      await second.activate((await demo.setup()).activation_code);
      await screen(second.page, 'home');
    });
    await step('a renewal asks once it is due, with what the device key signed, and keeps what comes', async () => {
      const wrong = await first.page.evaluate(renewals);
      if (wrong.length > 0) throw new Findings(wrong);
    });
    await hearing(step, family);
    await naming(step, family);
    await locking(step, family);
    await ending(step, family);
    await offline(step, family);
    const third = await moving(step, family);
    await resetting(step, family, third);
    await leaving(step, third);
    await step('no page said an error or asked anybody else', () => {
      for (const one of [first, second, third]) one.browser.assertClean();
    });
  });
}

/** @param {Step} step @param {Family} family */
async function hearing(step, { first, second }) {
  await step('the first device is warned that another was activated, and once seen it is no news', async () => {
    await first.restart();
    const { page } = first;
    await screen(page, 'home');
    await see(page, '[data-news][data-alarming="true"]');
    await assertAccessible(page, 'warned of another device');
    await takePicture(page, 'devices-flow/warned');
    await press(page, 'notices');
    await screen(page, 'notices');
    await see(page, '[data-notice="activated"] .badge', 'New');
    await see(page, '[data-notice="activated"] [data-action="lock-it"]');
    await assertAccessible(page, 'notices');
    await takePicture(page, 'devices-flow/notices');
    await press(page, 'back');
    await screen(page, 'home');
    await first.restart();
    await screen(first.page, 'home');
    await isQuiet(first);
  });
  await step('the second device is told nothing of itself as news', async () => {
    await second.restart();
    await screen(second.page, 'home');
    await isQuiet(second);
  });
}

/** @param {Step} step @param {Family} family */
async function naming(step, { first, second }) {
  await step('one device names the other by keyboard alone; a name that is too long is refused in place', async () => {
    const { page } = first;
    await openDevice(first, 'other');
    await press(page, 'rename');
    await screen(page, 'rename-device');
    await page.locator('#device-name').fill('ü'.repeat(40));
    await page.keyboard.press('Enter');
    await see(page, '#name-error', 'too long');
    await assertAccessible(page, 'a bad name');
    await page.locator('#device-name').fill(NAME);
    await page.keyboard.press('Enter');
    await screen(page, 'device');
    await see(page, 'h1', NAME);
    await press(page, 'back');
    await screen(page, 'devices');
    await see(page, '.item.device .title', NAME);
    await assertAccessible(page, 'devices');
    await takePicture(page, 'devices-flow/devices');
    await home(first);
  });
  await step('the named one hears of it', async () => {
    await second.restart();
    const { page } = second;
    await screen(page, 'home');
    await see(page, '[data-news][data-alarming="false"]');
    await press(page, 'notices');
    await see(page, '[data-notice="renamed"] .badge', 'New');
    await press(page, 'back');
    await screen(page, 'home');
  });
}

/** @param {Step} step @param {Family} family */
async function locking(step, { demo, first, second }) {
  let id = '';
  await step('“not me” locks the device that was activated, and the notice offers it no longer', async () => {
    const { page } = first;
    await press(page, 'settings');
    await press(page, 'notices');
    await screen(page, 'notices');
    await press(page, 'lock-it');
    await screen(page, 'lock-device');
    await see(page, '[data-screen="lock-device"] p', 'Only the office');
    await assertAccessible(page, 'before a lock');
    await takePicture(page, 'devices-flow/lock');
    await press(page, 'confirm');
    await screen(page, 'notices');
    await see(page, '[data-screen="notices"] .banner.good', 'locked');
    if ((await page.locator('[data-action="lock-it"]').count()) > 0) throw new Error('it can be locked again');
    await press(page, 'back');
  });
  await step('the locked device says so, and asks nothing about the others', async () => {
    await second.restart();
    await screen(second.page, 'locked[data-standing="locked_customer"]');
    await press(second.page, 'settings');
    await screen(second.page, 'settings');
    if ((await second.page.locator('[data-action="devices"], [data-action="move"]').count()) > 0) throw new Error('a locked device manages others');
  });
  await step('the list says that it is locked, and only the operator unlocks it', async () => {
    const { page } = first;
    await openDevice(first, 'other');
    await screen(page, 'device[data-status="locked_customer"]');
    if ((await page.locator('[data-action="lock"]').count()) > 0) throw new Error('it can be locked again');
    id = (await page.locator('[data-screen="device"]').getAttribute('data-device')) ?? '';
    await demo.operator('unlock', id);
    await home(first);
    await press(second.page, 'back');
    await screen(second.page, 'home', 'locked');
    if ((await second.page.locator('[data-screen="locked"]').count()) > 0) await press(second.page, 'check-again');
    await screen(second.page, 'home');
  });
}

/** @param {Step} step @param {Family} family */
async function ending(step, { first, second }) {
  await step('a wrong PIN ends no device, and is told with the tries that are left', async () => {
    const { page } = first;
    await openDevice(first, 'other');
    await press(page, 'remove');
    await screen(page, 'remove-device');
    await assertAccessible(page, 'before a device is ended');
    await press(page, 'lost');
    await screen(page, 'remove-pin');
    await first.typePin(WRONG_PIN);
    await see(page, '[data-screen="remove-pin"] [role="alert"] .banner', `${TRIES - 1} tries left`);
  });
  await step('with the PIN it is ended, and its own page says so', async () => {
    const { page } = first;
    await first.typePin(PIN);
    await screen(page, 'devices');
    await see(page, '.banner.good', `${NAME} is removed`);
    if ((await page.locator('.item.device').count()) !== 1) throw new Error('it is still in the list');
    await second.restart();
    await screen(second.page, 'locked[data-standing="revoked"]');
    await assertAccessible(second.page, 'ended device');
    await takePicture(second.page, 'devices-flow/ended');
  });
  await step('the last device is told to be the last before the PIN is asked for', async () => {
    const { page } = first;
    await press(page, 'device');
    await screen(page, 'device');
    await press(page, 'remove');
    await screen(page, 'remove-last');
    await assertAccessible(page, 'last device');
    await takePicture(page, 'devices-flow/last');
    await press(page, 'cancel');
    await screen(page, 'device');
    await home(first);
  });
}

/** @param {Step} step @param {Family} family */
async function offline(step, { demo, first }) {
  await step('without a server the devices cannot be shown, which is said plainly; with it they are', async () => {
    const { page } = first;
    await demo.kill();
    await press(page, 'settings');
    await press(page, 'devices');
    await see(page, '[data-screen="devices"] [role="alert"] .banner', 'No network');
    await assertAccessible(page, 'devices without a network');
    await takePicture(page, 'devices-flow/offline');
    await demo.start();
    await press(page, 'retry');
    await see(page, '.item.device');
    await home(first);
  });
}

/** @param {Step} step @param {Family} family @returns {Promise<Customer>} with the new phone */
async function moving(step, { keep, demo, first }) {
  const { page } = first;
  const third = await Customer.arrive(keep, demo.origin);
  let code = '';
  await step('the PIN gives a code for a new phone, with its time and to be copied', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await press(page, 'settings');
    await press(page, 'move');
    await screen(page, 'move');
    await assertAccessible(page, 'before a move');
    await press(page, 'go');
    await screen(page, 'move-pin');
    await first.typePin(PIN);
    await screen(page, 'move-code');
    code = await page.locator('#move-code').innerText();
    await see(page, '[role="timer"]', '10 more minutes');
    await press(page, 'copy');
    await see(page, '[data-action="copy"]', 'Copied');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    if (copied !== code) throw new Error('something else was copied');
    await assertAccessible(page, 'code for a new phone');
    await takePicture(page, 'devices-flow/move-code');
  });
  await step('the new phone takes the old one’s place with the accounts, and the old one says so by itself', async () => {
    await third.activate(code, NEW_PIN);
    await third.showCode({ pin: NEW_PIN });
    await press(third.page, 'stop');
    await screen(third.page, 'home');
    await screen(page, 'moved');
    await assertAccessible(page, 'moved');
    await takePicture(page, 'devices-flow/moved');
    await first.restart();
    await screen(first.page, 'locked[data-standing="revoked"]');
  });
  return third;
}

/** @param {Step} step @param {Family} family @param {Customer} third */
async function resetting(step, { demo }, third) {
  let id = '';
  await step('a device that wrong PINs locked asks for a code', async () => {
    id = await ownId(third);
    await third.beginPinChange();
    for (let wrong = 0; wrong < TRIES; wrong += 1) {
      await third.typePin(WRONG_PIN);
      await third.typeNewPin(THIRD_PIN);
      await screen(third.page, 'present-pin', 'locked');
    }
    await screen(third.page, 'locked[data-standing="locked_pin"]');
    await assertAccessible(third.page, 'locked by the PIN');
  });
  await step('a code that is none, or for another purpose, is refused in words', async () => {
    const { page } = third;
    await press(page, 'reset-pin');
    await screen(page, 'reset-code');
    await page.locator('#activation-code').pressSequentially('7K3M');
    await press(page, 'continue');
    await see(page, '#code-error', 'still missing');
    await page.locator('#activation-code').fill('');
    await page.locator('#activation-code').pressSequentially((await demo.setup()).activation_code);
    await press(page, 'continue');
    await third.typeNewPin(THIRD_PIN);
    await see(page, '[data-screen="reset-code"] [role="alert"] .banner', 'refused');
    await assertAccessible(page, 'refused code');
  });
  await step('the operator’s code sets a new PIN, also where the first answer is lost, and the wallet pays again', async () => {
    const { page } = third;
    const { activation_code: code } = await demo.operator('device', 'reset-pin', id);
    const sent = await loseFirstAnswer(third.browser.context);
    await page.locator('#activation-code').pressSequentially(code);
    await press(page, 'continue');
    await third.typeNewPin(THIRD_PIN);
    await screen(page, 'pin-reset-pending');
    await assertAccessible(page, 'reset without an answer');
    await press(page, 'retry');
    await screen(page, 'pin-changed');
    await third.browser.context.unroute(RESET_ROUTE);
    if (sent.length !== 2 || sent[0] !== sent[1]) throw new Error(`${sent.length} requests were sent, or they differ`);
    await press(page, 'done');
    await third.showCode({ pin: THIRD_PIN });
    await press(page, 'stop');
    await screen(page, 'home');
  });
}

/** @param {Step} step @param {Customer} third */
async function leaving(step, third) {
  await step('the last device goes where that is meant, and nothing of it stays in the browser', async () => {
    const { page } = third;
    await press(page, 'settings');
    await press(page, 'devices');
    await press(page, 'device');
    await press(page, 'remove');
    await screen(page, 'remove-last');
    await press(page, 'confirm');
    await screen(page, 'remove-pin');
    await third.typePin(THIRD_PIN);
    await screen(page, 'removed-this');
    await press(page, 'done');
    await screen(page, 'activate');
  });
}

/** From the start to one of the devices. @param {Customer} customer @param {'this' | 'other'} which */
async function openDevice({ page }, which) {
  await screen(page, 'home');
  await press(page, 'settings');
  await press(page, 'devices');
  await screen(page, 'devices');
  await see(page, '.item.device');
  const lines = page.locator('.item.device');
  const isThis = { has: page.locator('.badge', { hasText: 'This device' }) };
  await (which === 'this' ? lines.filter(isThis) : lines.filter({ hasNot: isThis.has })).first().click();
  await screen(page, 'device');
}

/** The device's own id, as its page tells it. @param {Customer} customer */
async function ownId(customer) {
  await openDevice(customer, 'this');
  const id = await customer.page.locator('[data-screen="device"]').getAttribute('data-device');
  await home(customer);
  return id ?? '';
}

/** Back and back until the start. @param {Customer} customer */
async function home({ page }) {
  while ((await page.locator('[data-screen="home"]').count()) === 0) await press(page, 'back');
}

/** Nothing is news once the server was asked: after the notices the page asks for the methods. @param {Customer} customer */
async function isQuiet({ page }) {
  await page.waitForFunction(() => {
    const asked = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
    const noticesAt = asked.indexOf('/v1/notices');
    return noticesAt >= 0 && asked.lastIndexOf('/v1/methods') > noticesAt;
  });
  if ((await page.locator('[data-news]').count()) > 0) throw new Error('there is news still');
}

/**
 * The server hears the first request, but its answer gets lost; what is sent is noted.
 * @param {import('playwright-core').BrowserContext} context
 */
async function loseFirstAnswer(context) {
  /** @type {string[]} */
  const sent = [];
  await context.route(RESET_ROUTE, async (route) => {
    sent.push(String(route.request().postData()));
    if (sent.length > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  return sent;
}

/**
 * Runs in the page: what is asked, signed and stored when a certificate is to be renewed or not.
 * @returns {Promise<string[]>} what went otherwise
 */
async function renewals() {
  const { renewCertificate } = await import(/** @type {string} */ ('/wallet/engine/devices.js'));
  const wrong = [];
  for (const [isDue, answers, expected] of [
    [false, true, ''],
    [true, true, 'sign POST /v1/enrolment/certificate signed apply save'],
    // What has no answer changes nothing, and is due the next time again.
    [true, false, 'sign POST /v1/enrolment/certificate signed failed'],
  ]) {
    /** @type {string[]} */
    const steps = [];
    const draft = { to_sign: () => new Uint8Array([1]), finish: () => 'signed' };
    await renewCertificate({
      wallet: () => ({ is_renewal_due: () => isDue, draft_renewal: () => draft, apply_renewal: () => { steps.push('apply'); } }),
      vault: () => ({ signAsDevice: async () => { steps.push('sign'); return new Uint8Array(64); } }),
      askSigned: async (/** @type {string} */ method, /** @type {string} */ path, /** @type {string} */ body) => {
        steps.push(method, path, body);
        if (!answers) throw new Error('no answer');
        return '{}';
      },
      save: async () => { steps.push('save'); },
    }).catch(() => steps.push('failed'));
    if (steps.join(' ') !== expected) wrong.push(`due ${isDue}, answers ${answers}: ${steps.join(' ')}`);
  }
  return wrong;
}
