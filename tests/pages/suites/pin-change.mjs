/**
 * A customer takes a new PIN on the wallet page, against the real server: what is refused in place, what is counted, and
 * which of two PINs pays after every way in which a network can fail in between.
 */
import { assertAccessible } from '../lib/axe.mjs';
import { PIN, WRONG_PIN } from '../lib/customer.mjs';
import { Findings } from '../lib/runner.mjs';
import { press, screen, see } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';

const AMOUNT_MINOR = 1250;
const NEW_PIN = '730948';
const THIRD_PIN = '582093';
const FOURTH_PIN = '916407';
const OBVIOUS_PIN = '123456';
const ROUTE = '**/v1/enrolment/pin';
/** Of a PIN, as the demo's policy has it. */
const TRIES = 3;
/** A code stands for 60 s. */
const CODE_MS = 61_000;

/** @typedef {import('../lib/shop.mjs').Shop} Shop */
/** @typedef {import('../lib/runner.mjs').Step} Step */

/** @param {import('../lib/runner.mjs').Tests} tests */
export function pinChange(tests) {
  return withShop(async (shop) => {
    const { customer, cashier, setup } = shop;
    const step = tests.chain('PIN change', shop.faults);
    await step('the wallet is activated and has an account', async () => {
      await customer.activate(setup.activation_code);
      await customer.addAccount(setup);
    });
    await step('what the server says ends a change in the right order', async () => {
      const wrong = await customer.page.evaluate(endings);
      if (wrong.length > 0) throw new Findings(wrong);
    });
    await changing(step, shop);
    await guessing(step, shop);
    await withoutNetwork(step, shop);
    await withoutAnswer(step, shop);
    await locking(step, shop);
    await step('no page said an error or asked anybody else', () => {
      customer.browser.assertClean();
      cashier.browser.assertClean();
    });
  });
}

/** What is said in place, and a change that goes well. @param {Step} step @param {Shop} shop */
async function changing(step, shop) {
  const { customer } = shop;
  const { page } = customer;
  await step('a new PIN that is the same, obvious, or typed differently is refused in place', async () => {
    await customer.beginPinChange();
    await assertAccessible(page, 'PIN so far');
    await customer.typePin('4938');
    await see(page, '[data-screen="present-pin"] [role="alert"] .banner');
    await customer.typePin(PIN);
    for (const refused of [PIN, OBVIOUS_PIN]) {
      await screen(page, 'choose-pin');
      await customer.typePin(refused);
      await see(page, '[data-screen="choose-pin"] [role="alert"] .banner', refused === PIN ? 'current PIN' : 'easy to guess');
    }
    await assertAccessible(page, 'obvious new PIN');
    await customer.typePin(NEW_PIN);
    await screen(page, 'repeat-pin');
    await customer.typePin(WRONG_PIN);
    await see(page, '[data-screen="choose-pin"] [role="alert"] .banner', 'differ');
  });
  await step('who picks the phone up in the middle begins with the PIN so far', async () => {
    await customer.typePin(NEW_PIN);
    await screen(page, 'repeat-pin');
    await page.evaluate(() => dispatchEvent(new Event('pagehide')));
    await screen(page, 'present-pin');
    await press(page, 'back');
    await press(page, 'back');
  });
  await step('the PIN is changed by keyboard alone, and the page says so', async () => {
    await customer.beginPinChange();
    for (const [pin, next] of [[PIN, 'choose-pin'], [NEW_PIN, 'repeat-pin'], [NEW_PIN, 'pin-changed']]) {
      await page.keyboard.type(pin);
      await page.keyboard.press('Enter');
      await screen(page, next);
    }
    await assertAccessible(page, 'PIN changed');
    await press(page, 'done');
    await screen(page, 'settings');
    await press(page, 'back');
  });
  await step('the new PIN pays, and the old one is declined', async () => {
    await pays(shop, NEW_PIN);
    await isDeclined(shop, PIN, TRIES - 1);
  });
}

/** Wrong PINs are counted with those in codes. @param {Step} step @param {Shop} shop */
async function guessing(step, shop) {
  const { customer } = shop;
  await step('a wrong PIN so far is told with the tries that are left, and changes nothing', async () => {
    await customer.changePin(WRONG_PIN, THIRD_PIN);
    await see(customer.page, '[data-screen="present-pin"] [role="alert"] .banner', `${TRIES - 2} try left`);
    await assertAccessible(customer.page, 'wrong PIN so far');
    await press(customer.page, 'back');
    await press(customer.page, 'back');
    await pays(shop, NEW_PIN);
  });
}

/** The request never arrives. @param {Step} step @param {Shop} shop */
async function withoutNetwork(step, shop) {
  const { demo, customer, cashier } = shop;
  await step('without a server the PIN so far stays, and the page says so', async () => {
    await demo.kill();
    await customer.changePin(NEW_PIN, THIRD_PIN);
    await screen(customer.page, 'pin-change-pending');
    await assertAccessible(customer.page, 'PIN change under way');
    await press(customer.page, 'retry');
    await see(customer.page, '[data-screen="pin-change-pending"] .todo');
  });
  let png = '';
  await step('the phone is switched off and on, warns, and makes a code with the PIN so far', async () => {
    await customer.restart();
    const { page } = customer;
    await page.clock.install();
    await page.goto('about:blank');
    await customer.openWallet();
    await screen(page, 'home');
    await see(page, '.notices .banner', 'not confirmed yet');
    await press(page, 'pay');
    await see(page, '[data-screen="pay"] .banner', 'not confirmed yet');
    await customer.typePin(NEW_PIN);
    await page.locator('canvas#code[style]').waitFor();
    png = await customer.pictureOfScreen('pin-change/code-under-way');
  });
  await step('with the server back the change is done by itself, and no code is renewed with the PIN before', async () => {
    const { page } = customer;
    const answered = page.waitForResponse(ROUTE);
    await demo.start();
    if ((await answered).status() !== 200) throw new Error('the change was refused');
    // The standing is asked for once the change is taken in.
    await page.waitForResponse('**/v1/enrolment?*');
    await page.clock.fastForward(CODE_MS);
    await screen(page, 'expired');
    await press(page, 'home');
    await see(page, '.notices .banner.good');
    await assertAccessible(page, 'PIN change confirmed');
  });
  await step('the code from before still pays, and from then on the new PIN', async () => {
    // The clock that was moved is the page's alone: a fresh one tells the real time.
    await customer.restart();
    await scan(shop, png, 'paid');
    await cashier.next();
    await pays(shop, THIRD_PIN);
  });
}

/** The server does it, and nobody hears. @param {Step} step @param {Shop} shop */
async function withoutAnswer(step, shop) {
  const { customer } = shop;
  const { page } = customer;
  const { context } = customer.browser;
  await step('a change whose answer is lost is sent again, the same bytes, and then known to be done', async () => {
    const sent = await loseFirstAnswer(context);
    await customer.changePin(THIRD_PIN, FOURTH_PIN);
    await screen(customer.page, 'pin-change-pending');
    await press(customer.page, 'retry');
    await screen(customer.page, 'pin-changed');
    await context.unroute(ROUTE);
    if (sent.length !== 2 || sent[0] !== sent[1]) throw new Error(`${sent.length} requests were sent, or they differ`);
    await press(customer.page, 'done');
    await press(customer.page, 'back');
    await pays(shop, FOURTH_PIN);
  });
  await step('whoever is about to pay learns in time which PIN is right', async () => {
    await loseFirstAnswer(context);
    await customer.changePin(FOURTH_PIN, NEW_PIN);
    await screen(page, 'pin-change-pending');
    await press(page, 'home');
    await press(page, 'pay');
    await see(page, '[data-screen="pay"] .banner', 'pay with your old one');
    await press(page, 'digit-9');
    // The network is back.
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await see(page, '[data-screen="pay"] .banner.good');
    if ((await page.locator('.dots > .on').count()) > 0) throw new Error('the old PIN is still half typed');
    await context.unroute(ROUTE);
    await press(page, 'back');
    await pays(shop, NEW_PIN);
  });
}

/**
 * The server hears the first request, but its answer gets lost; what is sent is noted.
 * @param {import('playwright-core').BrowserContext} context
 */
async function loseFirstAnswer(context) {
  /** @type {string[]} */
  const sent = [];
  await context.route(ROUTE, async (route) => {
    sent.push(String(route.request().postData()));
    if (sent.length > 1) return route.continue();
    await route.fetch();
    await route.abort();
  });
  return sent;
}

/** @param {Step} step @param {Shop} shop */
async function locking(step, { customer }) {
  await step('a wrong PIN so far that nobody could answer is told as soon as somebody can', async () => {
    await customer.browser.context.route(ROUTE, (route) => route.abort());
    await customer.changePin(WRONG_PIN, THIRD_PIN);
    await screen(customer.page, 'pin-change-pending');
    await customer.browser.context.unroute(ROUTE);
    await press(customer.page, 'retry');
    await screen(customer.page, 'home');
    await see(customer.page, '.notices .banner', 'was not changed');
  });
  await step('the last wrong PIN so far locks the wallet, which stays locked after a restart', async () => {
    await customer.beginPinChange();
    for (let left = TRIES - 2; left > 0; left -= 1) {
      await customer.typePin(WRONG_PIN);
      await customer.typeNewPin(THIRD_PIN);
      await see(customer.page, '[data-screen="present-pin"] [role="alert"] .banner', `${left} try left`);
    }
    await customer.typePin(WRONG_PIN);
    await customer.typeNewPin(THIRD_PIN);
    await screen(customer.page, 'locked[data-standing="locked_pin"]');
    await press(customer.page, 'settings');
    await screen(customer.page, 'settings');
    if ((await customer.page.locator('[data-action="change-pin"]').count()) > 0) throw new Error('a locked wallet offers a new PIN');
    await customer.restart();
    await screen(customer.page, 'locked[data-standing="locked_pin"]');
  });
}

/** @param {Shop} shop @param {string} pin */
async function pays(shop, pin) {
  await scan(shop, await code(shop, pin), 'paid');
  await shop.customer.hears('paid');
  await shop.customer.done();
  await shop.cashier.next();
}

/** @param {Shop} shop @param {string} pin @param {number} triesLeft */
async function isDeclined(shop, pin, triesLeft) {
  await scan(shop, await code(shop, pin), 'declined');
  await shop.customer.hears('declined', 'wrong_pin');
  await see(shop.customer.page, '.tries', String(triesLeft));
  await shop.customer.done();
  await shop.cashier.next();
}

/** The code of a customer who types this PIN. @param {Shop} shop @param {string} pin */
async function code({ customer }, pin) {
  await customer.showCode({ pin });
  return customer.pictureOfScreen('pin-change/code');
}

/** @param {Shop} shop @param {string} png @param {string} outcome */
async function scan({ cashier }, png, outcome) {
  cashier.isShown(png);
  await cashier.ask(AMOUNT_MINOR);
  await cashier.sees(outcome);
}

/**
 * Runs in the page: each answer of the server, what can be learnt afterwards, and what must have happened then.
 * @returns {Promise<string[]>} what went otherwise
 */
async function endings() {
  const { sendPinChange } = await import(/** @type {string} */ ('/wallet/engine/pin-change.js'));
  const { Fault, fromProblem } = await import(/** @type {string} */ ('/wallet/engine/fault.js'));
  /** @type {[string, number, 'old' | 'new' | 'silent', string][]} */
  const cases = [
    // A guess must never be sent again, whatever else fails.
    ['wrong-pin', 403, 'old', 'send rollBack learn: wrong_pin'],
    ['wrong-pin', 403, 'silent', 'send rollBack learn: wrong_pin'],
    // Of a reset: each code that is tried counts.
    ['activation-refused', 403, 'old', 'send rollBack learn: pin_code_refused'],
    // Done before, the answer lost, and locked since.
    ['wrong-state', 409, 'new', 'send learn: done'],
    ['wrong-state', 409, 'old', 'send learn rollBack: refused'],
    ['wrong-state', 409, 'silent', 'send learn: offline, under way'],
    ['malformed-request', 400, 'new', 'send learn: done'],
    ['malformed-request', 400, 'old', 'send learn rollBack: refused'],
    // These decide nothing.
    ['unavailable', 503, 'old', 'send: busy, under way'],
    ['unauthenticated', 401, 'old', 'send: revoked, under way'],
    ['too-many-requests', 429, 'old', 'send: too_many_requests, under way'],
  ];
  const wrong = [];
  for (const [type, status, standing, expected] of cases) {
    let isUnderWay = true;
    /** @type {string[]} */
    const steps = [];
    const ended = await sendPinChange({
      isUnderWay: () => isUnderWay,
      send: async () => {
        steps.push('send');
        throw fromProblem(status, JSON.stringify({ type: `urn:batzen:problem:${type}` }));
      },
      learnStanding: async () => {
        steps.push('learn');
        if (standing === 'silent') throw new Fault('offline');
        if (standing === 'new') isUnderWay = false;
      },
      rollBack: async () => {
        steps.push('rollBack');
        isUnderWay = false;
      },
    }).then(() => 'done', (/** @type {any} */ error) => error.kind);
    const seen = `${steps.join(' ')}: ${ended}${isUnderWay ? ', under way' : ''}`;
    if (seen !== expected) wrong.push(`${type}, standing ${standing}: ${seen}; expected ${expected}`);
  }
  return wrong;
}
