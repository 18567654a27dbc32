/**
 * The front page of the demo: wallet and checkout side by side, what to do next above them, and
 * the payment's path between them. It fills in what a newcomer would otherwise have to type, and
 * tells the story of what the two pages and the server report. It decides nothing about payments.
 */
import { mount } from '/shared/dom.js';
import { language, onLanguage, setLanguage, setMessages, t } from '/shared/i18n.js';
import { Frames } from './frames.js';
import { drawGuide } from './guide.js';
import { drawJoin } from './join.js';
import { makeLayout } from './layout.js';
import messages from './messages/all.js';
import { drawPath } from './path.js';
import { drawPlot } from './plot.js';
import { hear } from './reports.js';
import { askSetup, askSteps, skipEarlier } from './server.js';
import { begin, momentOf, spanOf, tell } from './story.js';

const AMOUNT_MINOR = 1250;
const CURRENCY = 'CHF';
/** How long the till may look at a picture before the guide says that it saw nothing. */
const READING_MS_MAX = 5000;
/** A till that has just been set up opens its book first and begins a sale of its own then. */
const SETTLING_MS = 4000;
/** How long the till needs to say that it waits for no code. */
const REFUSING_MS = 700;

setMessages(messages);
// A language that the address asked for holds for the frames too.
if (new URLSearchParams(location.search).has('lang')) setLanguage(language());
const layout = makeLayout();
const frames = new Frames(layout.wallet, layout.checkout);
let story = begin(AMOUNT_MINOR, CURRENCY);
/** @type {import('./types.js').Setup | null} */
let setup = null;
let amountToldAtMs = -Infinity;
/** What is drawn of the guide now: it is drawn anew only when it changes, as it may hold the focus. */
let drawn = '';

const setupAsked = askSetup().then((answer) => {
  story = { ...story, currency: answer.currency };
  adopt(answer);
  return answer;
});
// Without a set-up one can still pay: then nothing is filled in.
setupAsked.catch(() => {});

/** @param {import('./types.js').Setup} answer */
function adopt(answer) {
  setup = answer;
  drawAll();
}

/** A phone of one's own needs an activation code that the phone in the frame did not take. */
function codeTaken() {
  if (setup?.lan) askSetup().then(adopt, () => {});
}

const actions = {
  async hold() {
    const atMs = performance.now();
    const { tillScreen } = frames.look();
    // A till that shows an earlier result begins a new sale, as a cashier would have it do.
    if (tillScreen === 'result') tellAmount();
    const isShown = await frames.holdToTill().catch(() => false);
    if (!isShown) {
      happened({ kind: 'unread' });
      return;
    }
    happened({ kind: 'held', atMs });
    if (tillScreen === 'amount') setTimeout(holdOnceMore, REFUSING_MS);
    setTimeout(() => {
      if (momentOf(story) === 'reading' && story.round.scanMs === null) happened({ kind: 'unread' });
    }, READING_MS_MAX);
  },
  again() {
    happened({ kind: 'again' });
    tellAmount();
    layout.select('wallet');
  },
  fillBank() {
    if (setup) frames.fillBank(setup.customer_number, setup.bank_password);
    layout.select('wallet');
  },
  /** @param {string} text */
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return false;
    }
  },
};

/** A till without an amount takes no code: it is given one, and the phone is held there once more. */
function holdOnceMore() {
  if (frames.look().tillScreen !== 'amount' || story.round.scanMs !== null) return;
  tellAmount();
  frames.holdToTill().catch(() => false);
}

/** @param {import('./types.js').Sight} sight */
function looked(sight) {
  happened({ kind: 'looked', sight });
  const isSettling = performance.now() - amountToldAtMs < SETTLING_MS;
  if (isSettling && sight.tillScreen === 'amount' && story.round.heldAtMs === null) {
    frames.tellCheckout({ batzen: 'amount', amountMinor: story.amountMinor });
  }
}

/** @param {import('./types.js').Event} event */
function happened(event) {
  const before = momentOf(story);
  story = tell(story, event);
  const now = momentOf(story);
  if (event.kind === 'answer') askServer(event.payment);
  if (now !== before) follow(now);
  draw();
}

/**
 * On a phone one pane is seen at a time: the one where something happens.
 * @param {import('./types.js').Moment} moment
 */
function follow(moment) {
  if (moment === 'paid' || moment === 'declined') {
    layout.select('path');
  } else if (moment === 'unclear') {
    layout.select('checkout');
  } else if (moment === 'reading') {
    layout.select('checkout');
  } else {
    layout.select('wallet');
  }
}

/** @param {string | null} payment */
async function askServer(payment) {
  const { round } = story;
  const measured = await askSteps(payment);
  if (measured && story.round.answerAtMs === round.answerAtMs) happened({ kind: 'measured', measured });
}

function tellAmount() {
  amountToldAtMs = performance.now();
  frames.tellCheckout({ batzen: 'amount', amountMinor: story.amountMinor });
}

function draw() {
  const moment = momentOf(story);
  const { round } = story;
  const now = [moment, document.documentElement.lang, setup !== null, round.cause, round.measured?.verdict, round.confirmation].join();
  if (now !== drawn) layout.guide.replaceChildren(drawGuide(moment, story, setup, actions));
  drawn = now;
  layout.path.replaceChildren(drawPath(story));
  layout.below.firstElementChild?.replaceWith(drawPlot(spanOf(story)));
}

function drawAll() {
  document.title = t('top.title');
  layout.words();
  layout.below.replaceChildren(drawPlot(spanOf(story)), drawJoin(setup));
  drawn = '';
  draw();
}

layout.guide.setAttribute('aria-live', 'polite');
hear(frames, { happened, story: () => story, setupAsked, codeTaken, tellAmount, hasCode: () => frames.keepPicture() });
frames.watch(looked);
onLanguage(drawAll);
drawAll();
mount(document.body, layout.root);
skipEarlier();
