/**
 * What policy or a bank wants approved, on the wallet page against the real server: the customer sees what it is about and
 * approves with the PIN or refuses without, and hears of everything that can come between.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { assertAccessible } from '../lib/axe.mjs';
import { PIN, WRONG_PIN } from '../lib/customer.mjs';
import { takePicture } from '../lib/pictures.mjs';
import { batzen } from '../lib/places.mjs';
import { Findings } from '../lib/runner.mjs';
import { numberIn, press, screen, see } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';

/** @typedef {import('../lib/shop.mjs').Shop} Shop */
/** @typedef {import('../lib/runner.mjs').Step} Step */

const SMALL_MINOR = 900;
const LARGE_MINOR = 2000;
const ROUTE = '**/v1/approvals/*';
/** Of a PIN, as the demo's policy has it. */
const TRIES = 3;
/** The shortest time that a bank can give. */
const WITHIN_S_MIN = 15;

/** @param {import('../lib/runner.mjs').Tests} tests */
export function approval(tests) {
  return withShop(async (shop) => {
    const { customer, cashier, setup } = shop;
    const step = tests.chain('approval', shop.faults);
    await step('the wallet is activated, and policy wants payments above CHF 10.00 approved', async () => {
      await customer.activate(setup.activation_code);
      await customer.addAccount(setup);
      await activatePolicy(shop);
    });
    await step('events of the stream are told apart, and those of unknown types passed over', async () => {
      const wrong = await customer.page.evaluate(streams);
      if (wrong.length > 0) throw new Findings(wrong);
    });
    await step('a question that has just appeared takes no press', async () => {
      const wrong = await customer.page.evaluate(surprise);
      if (wrong.length > 0) throw new Findings(wrong);
    });
    await paying(step, shop);
    await notPaying(step, shop);
    await restarting(step, shop);
    await banking(step, shop);
    await withoutNetwork(step, shop);
    await step('no page said an error or asked anybody else', () => {
      customer.browser.assertClean();
      cashier.browser.assertClean();
    });
  });
}

/** @param {Step} step @param {Shop} shop */
async function paying(step, shop) {
  const { customer, cashier } = shop;
  const { page } = customer;
  await step('a small payment is asked about nothing', async () => {
    await scan(shop, SMALL_MINOR);
    await cashier.sees('paid');
    await customer.hears('paid');
    await customer.done();
    await cashier.next();
  });
  await step('a large one waits at the till, and the phone shows amount, shop and till instead of the code', async () => {
    await scan(shop, LARGE_MINOR);
    await see(cashier.page, '.waiting-step', 'confirms on the phone');
    await takePicture(cashier.page, 'approval/till');
    await isAsked(shop, 'payment');
    if ((await numberIn(page, '.about .amount', 'data-amount')) !== LARGE_MINOR) throw new Error('another amount is shown');
    await see(page, '.about', `Till ${shop.setup.till}`);
    await see(page, '.countdown', 'seconds left');
    const focused = await page.evaluate(() => document.activeElement?.closest('[role="alertdialog"]') && document.activeElement.tagName);
    if (focused !== 'H1') throw new Error(`the focus is on ${focused}, not on the question`);
    await assertAccessible(page, 'question about a payment');
    await takePicture(page, 'approval/payment');
  });
  await step('a wrong PIN is told with the tries that are left', async () => {
    await customer.typePin(WRONG_PIN);
    await see(page, '[data-screen="approval"] [role="alert"] .banner', `${TRIES - 1} tries left`);
    await assertAccessible(page, 'wrong PIN at a question');
  });
  await step('half a PIN is not kept for others', async () => {
    await press(page, 'digit-1');
    await page.locator('.dots > .on').first().waitFor();
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    // While a key is down nothing is drawn; it comes up a moment after the click.
    await page.locator('.dots > .on').first().waitFor({ state: 'detached', timeout: 2_000 });
  });
  await step('with the right one the till is paid, and the confirmation appears by itself', async () => {
    await customer.typePin(PIN);
    await cashier.sees('paid');
    await customer.hears('paid');
    await customer.done();
    await cashier.next();
  });
}

/** @param {Step} step @param {Shop} shop */
async function notPaying(step, shop) {
  const { customer, cashier } = shop;
  const { page } = customer;
  await step('a refusal takes no PIN: the till is declined, and the phone says it once', async () => {
    await scan(shop, LARGE_MINOR);
    await isAsked(shop, 'payment');
    await press(page, 'refuse');
    await screen(page, 'approval-ended[data-ending="refused"]');
    await cashier.sees('declined');
    await assertAccessible(page, 'refused');
    await takePicture(page, 'approval/refused');
    // The shop's word on it is among the payments, and takes no screen.
    await customer.done();
    await see(page, '.item.declined');
    await screen(page, 'home');
    await cashier.next();
  });
  await step('the shop cancels: the phone says so instead of the question', async () => {
    await scan(shop, LARGE_MINOR);
    await isAsked(shop, 'payment');
    await press(cashier.page, 'cancel');
    await customer.hears('declined', 'approval_needed');
    await assertAccessible(page, 'cancelled by the shop');
    await customer.done();
    await screen(cashier.page, 'result');
    await cashier.next();
  });
}

/** @param {Step} step @param {Shop} shop */
async function restarting(step, shop) {
  const { customer, cashier } = shop;
  await step('a phone that is switched off and on is asked again, and approves by keyboard alone', async () => {
    await scan(shop, LARGE_MINOR);
    await isAsked(shop, 'payment');
    await customer.restart();
    const { page } = customer;
    await isAsked(shop, 'payment');
    await page.keyboard.type(PIN);
    await page.keyboard.press('Enter');
    await cashier.sees('paid');
    await customer.hears('paid');
    await customer.done();
    await cashier.next();
  });
}

/** @param {Step} step @param {Shop} shop */
async function banking(step, shop) {
  const { customer } = shop;
  const { page } = customer;
  const ask = desk(shop);
  await step('a transfer of the bank is put aside, found again on the start page, and approved', async () => {
    const transfer = await ask.transfer('T-1');
    await isAsked(shop, 'transfer');
    await see(page, '.about', 'Max Muster');
    await see(page, '.about', 'rent for October');
    await press(page, 'later');
    await screen(page, 'home');
    await see(page, '[data-questions="1"]');
    await assertAccessible(page, 'start page with a question');
    await press(page, 'approvals');
    await isAsked(shop, 'transfer');
    await assertAccessible(page, 'question about a transfer');
    await takePicture(page, 'approval/transfer');
    await customer.typePin(PIN);
    await screen(page, 'approval-ended[data-ending="approved"]');
    await ask.isIn(transfer, 'approved');
    await press(page, 'done');
    await screen(page, 'home');
  });
  await step('two questions come one after the other; a login that is refused warns of strangers', async () => {
    const login = await ask.login('L-1');
    await isAsked(shop, 'login');
    const words = await ask.other('O-1', 300);
    await press(page, 'refuse');
    await screen(page, 'approval-ended[data-ending="refused"]');
    await see(page, '.banner.warn', 'call your bank');
    await ask.isIn(login, 'refused');
    await press(page, 'done');
    await isAsked(shop, 'other');
    await see(page, '.about', 'A new address');
    await customer.typePin(PIN);
    await screen(page, 'approval-ended[data-ending="approved"]');
    await ask.isIn(words, 'approved');
    await press(page, 'done');
    await screen(page, 'home');
  });
  await step('a question that is taken back, or not answered in time, is over on the phone too', async () => {
    const taken = await ask.other('O-2', 300);
    await isAsked(shop, 'other');
    await ask.withdraw(taken);
    await screen(page, 'approval-ended[data-ending="over"]');
    await press(page, 'done');
    await ask.other('O-3', WITHIN_S_MIN);
    await isAsked(shop, 'other');
    await screen(page, 'approval-ended[data-ending="expired"]');
    await assertAccessible(page, 'not answered in time');
    await press(page, 'done');
    await screen(page, 'home');
  });
}

/** @param {Step} step @param {Shop} shop */
async function withoutNetwork(step, shop) {
  const { customer } = shop;
  const { page } = customer;
  const { context } = customer.browser;
  const ask = desk(shop);
  await step('without a network an answer is told as unheard, and can be given again', async () => {
    const transfer = await ask.transfer('T-2');
    await isAsked(shop, 'transfer');
    await context.route(ROUTE, (route) => route.abort());
    await customer.typePin(PIN);
    await see(page, '[data-screen="approval"] [role="alert"] .banner', 'No network');
    await assertAccessible(page, 'unheard answer');
    await context.unroute(ROUTE);
    await press(page, 'refuse');
    await screen(page, 'approval-ended[data-ending="refused"]');
    await ask.isIn(transfer, 'refused');
    await press(page, 'done');
  });
  await step('an answer that arrived, and was not answered, is known for what it was', async () => {
    const transfer = await ask.transfer('T-3');
    await isAsked(shop, 'transfer');
    await context.route(ROUTE, async (route) => {
      await route.fetch();
      await route.abort();
    }, { times: 1 });
    await customer.typePin(PIN);
    await see(page, '[data-screen="approval"] [role="alert"] .banner', 'No network');
    await screen(page, 'approval-ended[data-ending="approved"]');
    await ask.isIn(transfer, 'approved');
    await press(page, 'done');
    await screen(page, 'home');
  });
}

/** The customer shows a code, and the till scans it. @param {Shop} shop @param {number} amountMinor */
async function scan({ customer, cashier }, amountMinor) {
  await customer.showCode();
  cashier.isShown(await customer.pictureOfScreen('approval/code'));
  await cashier.ask(amountMinor);
}

/** Waits until the phone asks, and takes an answer. @param {Shop} shop @param {string} kind */
async function isAsked({ customer: { page } }, kind) {
  await screen(page, `approval[data-kind="${kind}"]`);
  await page.locator('.answers:not([inert])').waitFor();
}

/** @param {Shop} shop */
async function activatePolicy({ demo }) {
  const { realm } = await (await fetch(`${demo.origin}/wallet/realm.json`)).json();
  const rules = [{ name: 'large', when: { amount_above_minor: { CHF: 1000 } }, then: 'approve' }];
  const [plain, signed] = ['policy.json', 'policy.signed.json'].map((name) => join(demo.folder, name));
  writeFileSync(plain, JSON.stringify({ realm, version: 1, policy: { rules } }));
  const config = join(demo.folder, 'server/server.json');
  await promisify(execFile)(batzen, ['admin', 'policy', 'sign', plain, '--config', config, '--out', signed]);
  await demo.operator('policy', 'activate', signed);
}

/** The bank's desk, where the only customer's orders come in. @param {Shop} shop */
function desk({ demo }) {
  const ask = async (/** @type {string[]} */ ...words) => {
    const { enrolments } = await demo.operator('enrolments');
    return demo.operator('approval', 'ask', enrolments[0].customer, ...words);
  };
  return {
    transfer: (/** @type {string} */ reference) => ask('--kind', 'transfer', '--reference', reference,
      '--amount-minor', '70000', '--currency', 'CHF', '--payee', 'Max Muster', '--text', 'rent for October'),
    login: (/** @type {string} */ reference) => ask('--kind', 'login', '--reference', reference, '--payee', 'e-banking'),
    other: (/** @type {string} */ reference, /** @type {number} */ withinS) =>
      ask('--kind', 'other', '--reference', reference, '--text', 'A new address', '--within', String(withinS)),
    withdraw: (/** @type {{ enrolment: string, id: string }} */ { enrolment, id }) => demo.operator('approval', 'withdraw', enrolment, id),
    /** @param {{ enrolment: string, id: string }} asked @param {string} state */
    isIn: async ({ enrolment, id }, state) => {
      const view = await demo.operator('approval', 'show', enrolment, id, '--wait', '5');
      if (view.state !== state) throw new Error(`the bank is told ${view.state}, not ${state}`);
      if (state === 'approved' && !view.signature) throw new Error('the bank is shown no signature');
    },
  };
}

/**
 * Runs in the page: a question appears while somebody types a PIN and presses something else.
 * @returns {Promise<string[]>} what went otherwise
 */
async function surprise() {
  const { approval: draw } = await import(/** @type {string} */ ('/wallet/screens/approval.js'));
  /** @type {string[]} */
  const heard = [];
  const now = Date.now();
  const question = { id: 'apr_1', kind: 'other', text: 'x', amountMinor: null, currency: null, payee: null, till: null, askedAtMs: now, expiresAtMs: now + 60_000 };
  const element = draw({ question, moreCount: 0, triesLeft: null, fault: null, isFresh: true, nowMs: () => now }, {
    approve: (/** @type {string} */ pin) => heard.push(pin), refuse: () => heard.push('refused'), later: () => {}, elapsed: () => {},
  });
  document.body.append(element);
  const type = () => {
    for (const key of ['4', '9', '3', '8', '1', '7', 'Enter']) dispatchEvent(new KeyboardEvent('keydown', { key }));
  };
  type();
  const early = [...heard];
  const isInert = element.querySelector('.answers').inert;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  type();
  const { leave } = await import(/** @type {string} */ ('/wallet/lifecycle.js'));
  leave(element);
  element.remove();
  const wrong = early.map((what) => `it took ${what} at once`);
  if (!isInert) wrong.push('its buttons can be pressed at once');
  if (heard.join() !== '493817') wrong.push(`later it took ${heard.join() || 'nothing'}`);
  return wrong;
}

/**
 * Runs in the page: a stream as a later server may send it.
 * @returns {Promise<string[]>} what went otherwise
 */
async function streams() {
  const { followConfirmations } = await import(/** @type {string} */ ('/wallet/engine/follow.js'));
  const parts = [
    ': hello\n\nid: 1\ndata: {"sequence":1}\n\n', 'event: appr', 'oval\r\ndata: {"id":"apr_1"}\r\n\r\n',
    'event: toString\ndata: {}\n\nevent: of-tomorrow\ndata: {"x":1}\n\n', 'event:message\ndata:{"sequence":2}\n\n', 'event: approval\n\n',
  ];
  const { fetch } = globalThis;
  const bytes = parts.map((part) => new TextEncoder().encode(part));
  globalThis.fetch = async () => new Response(new ReadableStream({
    start: (controller) => {
      for (const one of bytes) controller.enqueue(one);
      controller.close();
    },
  }));
  const wallet = { server_time_ms: () => Date.now(), prepare_request: () => ({ to_sign: () => new Uint8Array(), finish: () => '[]' }) };
  const ended = new AbortController();
  /** @type {string[]} */
  const taken = [];
  const take = (/** @type {string} */ type) => async (/** @type {string} */ data) => {
    taken.push(`${type} ${data}`);
    if (data.includes('"sequence":2')) ended.abort();
  };
  try {
    await followConfirmations({
      signer: () => ({ wallet, vault: { signOnline: async () => new Uint8Array() } }), through: () => 0, catchUp: async () => {},
      takers: { message: take('message'), approval: take('approval') },
    }, ended.signal);
  } finally {
    globalThis.fetch = fetch;
  }
  const seen = taken.join(' | ');
  const expected = 'message {"sequence":1} | approval {"id":"apr_1"} | message {"sequence":2}';
  return seen === expected ? [] : [`${seen}; expected ${expected}`];
}
