/**
 * What this device is asked to approve, one question after the other, above whatever else is shown: the PIN for yes, a
 * press for no, and what came of it. Who puts a question aside finds it on the start page.
 */
import { t } from '/shared/i18n.js';
import { stayAwake } from '../awake.js';
import { faultKind, faultText } from '../faults.js';
import { onLeave } from '../lifecycle.js';
import { answered, approval, sendingAnswer } from '../screens/approval.js';
import { isBarred } from './barred.js';
import { wrongLength, wrongPinText } from './pin.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').Confirmation} Confirmation */
/** @typedef {import('../types.js').Ending} Ending */
/** @typedef {import('../types.js').Question} Question */

/** How often the server is asked whether a question that is shown is still open. */
const LOOK_MS = 5_000;
/** As far as the server's clock and this device's may be apart. */
const CLOCK_SLACK_MS = 5_000;
/** So long after a refusal the shop's word on it is no news. */
const REFUSED_WITHIN_MS = 120_000;

/** The question on the screen, and whether it is the customer's turn. @type {{ question: Question, isOpen: boolean } | null} */
let asking = null;

/**
 * Shows what is asked as soon as it is known.
 * @param {App} app
 */
export function watchQuestions(app) {
  asking = null;
  app.engine.subscribe(() => follow(app));
  follow(app);
}

/**
 * Asks again what was put aside.
 * @param {App} app
 */
export function showAside(app) {
  app.asked.aside.clear();
  app.go('home');
  follow(app);
}

/**
 * Whether a confirmation tells of nothing but what the customer has just refused here.
 * @param {App} app
 * @param {Confirmation} confirmation
 */
export function isOwnRefusal({ asked: { refused } }, confirmation) {
  return refused !== null && confirmation.cause === 'approval_needed' && Date.now() - refused.atMs < REFUSED_WITHIN_MS
    && isAbout(refused.question, confirmation);
}

/** @param {App} app */
function follow(app) {
  const { phase, standing, questions, confirmations } = app.engine.view();
  if (phase !== 'enrolled' || (standing !== null && standing !== 'active')) return leave(app);
  if (!asking) return askNext(app);
  const { question, isOpen } = asking;
  const isOver = !questions.some(({ id }) => id === question.id);
  // What became of the payment, its shop's cancelling for one, may be heard before the question is missed.
  if (isOpen && (isOver || resultOf(confirmations, question))) tell(app, question);
}

/** @param {App} app */
function leave(app) {
  asking = null;
  app.stage.uncover();
}

/** @param {App} app */
function askNext(app) {
  const [question] = unanswered(app);
  if (question) ask(app, question, { isFresh: true });
  else leave(app);
}

/** @param {App} app */
function unanswered({ engine, asked }) {
  return engine.view().questions.filter(({ id }) => !asked.aside.has(id));
}

/**
 * @param {App} app
 * @param {Question} question
 * @param {{ fault?: string | null, isFresh?: boolean }} [with_]
 */
function ask(app, question, { fault = null, isFresh = false } = {}) {
  const { engine, stage } = app;
  const { id } = question;
  asking = { question, isOpen: true };
  const later = () => {
    app.asked.aside.add(id);
    asking = null;
    askNext(app);
  };
  const approve = (/** @type {string} */ pin) => {
    const refused = wrongLength(app, pin);
    if (refused) ask(app, question, { fault: faultText(refused) });
    else answer(app, question, () => engine.approvals.approve(id, pin));
  };
  stage.cover({
    onBack: later,
    // Half a PIN must not wait for whoever picks the phone up next.
    onAway: () => stage.redrawTop(),
    draw: () => {
      const moreCount = unanswered(app).length - 1;
      const element = approval({ question, moreCount, triesLeft: engine.view().pinTriesLeft, fault, isFresh, nowMs: () => Date.now() }, {
        approve, later, elapsed: () => follow(app), refuse: () => answer(app, question, () => engine.approvals.refuse(id)),
      });
      onLeave(element, keepLooking(app));
      if (question.kind === 'payment') onLeave(element, stayAwake());
      return element;
    },
  });
}

/**
 * Nobody tells the phone when a question is taken back.
 * @param {App} app
 */
function keepLooking(app) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    // Without a network nothing is learnt; an answer then says so.
    await app.engine.approvals.hear().catch(() => {});
    follow(app);
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/**
 * @param {App} app
 * @param {Question} question
 * @param {() => Promise<void>} send
 */
async function answer(app, question, send) {
  asking = { question, isOpen: false };
  app.stage.cover({ draw: sendingAnswer });
  try {
    await send();
  } catch (error) {
    return failed(app, question, error);
  }
  tell(app, question);
}

/**
 * @param {App} app
 * @param {Question} question
 * @param {unknown} error
 */
function failed(app, question, error) {
  if (isBarred(app)) {
    leave(app);
    return app.go('locked');
  }
  if (app.engine.approvals.endingOf(question.id)) return tell(app, question);
  const kind = faultKind(error);
  const isUnheard = kind === 'offline' || kind === 'busy';
  ask(app, question, { fault: kind === 'wrong_pin' ? wrongPinText(app) : isUnheard ? t('approval.unheard') : faultText(kind) });
}

/**
 * Says what came of a question, and goes on to the next.
 * @param {App} app
 * @param {Question} question
 */
function tell(app, question) {
  const ending = app.engine.approvals.endingOf(question.id) ?? 'over';
  const next = () => {
    asking = null;
    askNext(app);
  };
  if (question.kind === 'payment') {
    tellOfPayment(app, question, ending);
    return next();
  }
  asking = { question, isOpen: false };
  app.stage.cover({ onBack: next, draw: () => answered({ question, ending }, { done: next }) });
}

/**
 * The code is used up, so this takes its place, until the confirmation comes.
 * @param {App} app
 * @param {Question} question
 * @param {Ending} ending
 */
function tellOfPayment(app, question, ending) {
  const { engine, stage } = app;
  engine.wipe();
  if (ending === 'refused') app.asked.refused = { question, atMs: Date.now() };
  const home = () => app.go('home');
  const found = () => (ending === 'refused' ? null : resultOf(engine.view().confirmations, question));
  const known = found();
  if (known) return app.go('result', { confirmation: known });
  stage.show({
    onBack: home,
    // Also of a code that this page did not show itself, as after a restart.
    onView: () => {
      const confirmation = found();
      if (confirmation) app.go('result', { confirmation });
    },
    draw: () => answered({ question, ending }, { done: home }),
  });
}

/**
 * The newest confirmation of the payment that was asked about, if it was one.
 * @param {Confirmation[]} confirmations
 * @param {Question} question
 */
function resultOf(confirmations, question) {
  return question.kind === 'payment' ? confirmations.find((one) => isAbout(question, one)) ?? null : null;
}

/**
 * A question does not name its payment: amount, till and time tell.
 * @param {Question} question
 * @param {Confirmation} confirmation
 */
function isAbout({ amountMinor, currency, till, askedAtMs }, confirmation) {
  return confirmation.payment !== null && confirmation.amountMinor === amountMinor && confirmation.currency === currency
    && confirmation.till === till && confirmation.atMs > askedAtMs - CLOCK_SLACK_MS;
}
