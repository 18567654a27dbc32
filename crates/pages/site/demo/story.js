/**
 * The story of one payment as pure functions: what happened makes the story, and the story says
 * which one thing to do next, which steps are lit, and how long each part took. Every time in it
 * was measured by the wallet, the checkout, the server or this page's clock; none is made up. It
 * must not know elements, words or frames.
 */

/** @typedef {import('./types.js').Story} Story */
/** @typedef {import('./types.js').Round} Round */
/** @typedef {import('./types.js').Event} StoryEvent */
/** @typedef {import('./types.js').Row} Row */
/** @typedef {import('./types.js').Step} Step */

/** @type {readonly Step[]} */
export const STEPS = ['code', 'scan', 'open', 'signature', 'pin', 'policy', 'store', 'bank', 'answer', 'capture', 'confirmation'];
/** What happens inside the server, and so inside the time of the answer.
 * @type {readonly Step[]} */
export const SERVER_STEPS = ['open', 'signature', 'pin', 'policy', 'store', 'bank'];
const GOOD_OUTCOMES = ['paid', 'held', 'authorised', 'captured'];
/** The till has given up asking, and the money may have moved or not. */
const UNCLEAR_OUTCOMES = ['unknown', 'unreachable', 'fault'];
/** Screens that only a wallet with a payment method shows. */
const SCREENS_WITH_METHOD = ['bank-done', 'pay', 'pay-options', 'code'];

/** @type {Round} */
const EMPTY = {
  typedMs: null, codeMs: null, codeAtMs: null, heldAtMs: null, scanMs: null, answerMs: null, answerAtMs: null,
  outcome: null, payment: null, captureMs: null, captureAtMs: null, confirmationMs: null,
  confirmationAtMs: null, confirmation: null, cause: null, measured: null, isUnread: false,
};

/**
 * @param {number} amountMinor
 * @param {string} currency
 * @returns {Story}
 */
export function begin(amountMinor, currency) {
  return {
    isWalletReady: false, phase: null, methods: null, isAtBank: false, screen: null,
    amountMinor, currency, round: EMPTY,
  };
}

/**
 * @param {Story} story
 * @param {StoryEvent} event
 * @returns {Story}
 */
export function tell(story, event) {
  switch (event.kind) {
    case 'walletReady': return { ...story, isWalletReady: true, phase: event.phase, methods: event.methods, isAtBank: false };
    case 'looked': return looked(story, event.sight);
    case 'again': return { ...story, round: EMPTY };
    default: return { ...story, round: nextRound(story.round, event) };
  }
}

/**
 * The wallet says where it stands when it starts; from then on its screens do.
 * @param {Story} story
 * @param {import('./types.js').Sight} sight
 * @returns {Story}
 */
function looked(story, { isAtBank, screen, canPay, tillScreen }) {
  const isStopped = tillScreen === 'fault' && story.round.scanMs !== null && story.round.outcome === null;
  const round = isStopped ? { ...story.round, outcome: 'fault' } : story.round;
  const seen = { ...story, isAtBank, screen, round };
  if (screen !== null && SCREENS_WITH_METHOD.includes(screen)) return { ...seen, phase: 'enrolled', methods: 1 };
  if (screen === 'home') return { ...seen, phase: 'enrolled', methods: canPay ? 1 : 0 };
  return screen === 'add-bank' ? { ...seen, phase: 'enrolled', methods: 0 } : seen;
}

/**
 * @param {Round} round
 * @param {StoryEvent} event
 * @returns {Round}
 */
function nextRound(round, event) {
  switch (event.kind) {
    case 'code': {
      // A renewed code belongs to the PIN that was typed before; after an answer a new round begins.
      const typed = round.outcome === null && event.typedMs === null ? round.typedMs : event.typedMs;
      return { ...EMPTY, typedMs: typed, codeMs: event.ms, codeAtMs: event.atMs };
    }
    case 'held': return { ...round, heldAtMs: event.atMs, isUnread: false };
    case 'unread': return round.scanMs === null && round.outcome === null ? { ...round, isUnread: true } : round;
    case 'scan': {
      // A code held to the camera itself starts a round as well, with a phone that is not in the frame.
      const from = round.outcome === null ? round : EMPTY;
      return { ...from, scanMs: event.ms, heldAtMs: from.heldAtMs ?? event.atMs, isUnread: false };
    }
    case 'answer':
      return { ...round, answerMs: event.ms, answerAtMs: event.atMs, outcome: event.outcome, payment: event.payment };
    case 'measured': return { ...round, measured: event.measured };
    case 'capture': return { ...round, captureMs: event.ms, captureAtMs: event.atMs };
    case 'confirmation': return confirmed(round, event);
    default: return round;
  }
}

/**
 * @param {Round} round
 * @param {Extract<StoryEvent, { kind: 'confirmation' }>} event
 * @returns {Round}
 */
function confirmed(round, event) {
  const isOther = round.payment !== null && event.payment !== null && round.payment !== event.payment;
  if (isOther || !['authorised', 'captured', 'declined'].includes(event.what)) return round;
  if (round.confirmation === 'captured') return round;
  return { ...round, confirmation: event.what, confirmationMs: event.ms, confirmationAtMs: event.atMs, cause: event.cause };
}

/**
 * From the capture, or without one from the answer, to the confirmation. The wallet may not know
 * when the till captured; then this page's clock does, which heard both.
 * @param {Round} round
 * @returns {number | null}
 */
function confirmationMsOf({ confirmationMs, confirmationAtMs, captureAtMs, answerAtMs }) {
  if (confirmationMs !== null || confirmationAtMs === null) return confirmationMs;
  const sinceMs = captureAtMs ?? answerAtMs;
  return sinceMs === null ? null : Math.max(0, confirmationAtMs - sinceMs);
}

/**
 * @param {Story} story
 * @returns {import('./types.js').Moment}
 */
export function momentOf({ isWalletReady, phase, methods, isAtBank, screen, round }) {
  if (screen === 'pay') return 'typing';
  if (isApproved(round)) return 'paid';
  if (round.outcome !== null) return UNCLEAR_OUTCOMES.includes(round.outcome) ? 'unclear' : 'declined';
  if (isAtBank) return 'bank';
  if (!isWalletReady) return 'starting';
  if (phase === null) return 'stuck';
  if (phase !== 'enrolled') return screen === 'activate' ? 'activate' : 'pin';
  if (round.isUnread) return 'unread';
  if (round.heldAtMs !== null) return 'reading';
  if (round.codeAtMs !== null && (screen === null || screen === 'code')) return 'hold';
  return methods === 0 ? 'account' : 'code';
}

/** @param {Round} round */
export function isApproved(round) {
  return round.outcome !== null && GOOD_OUTCOMES.includes(round.outcome);
}

/**
 * Whether the phone knows how it stands: once the till has captured, the hold is old news.
 * @param {Round} round
 */
function isConfirmed({ confirmation, captureAtMs }) {
  return confirmation === 'captured' || (confirmation === 'authorised' && captureAtMs === null);
}

/**
 * Why it was declined: as the server put it down, else as the phone was told, else as the till put it.
 * @param {Round} round
 * @returns {string | null}
 */
export function causeOf({ measured, cause, outcome }) {
  const verdict = measured?.verdict;
  return verdict && !isFine(verdict) ? verdict : cause ?? outcome;
}

/** @param {string} verdict */
function isFine(verdict) {
  return ['ok', 'verified', 'approved', 'authorised', 'captured'].includes(verdict);
}

/**
 * @param {Story} story
 * @returns {Row[]}
 */
export function rowsOf({ round }) {
  return STEPS.map((step) => (SERVER_STEPS.includes(step) ? serverRow(round, step) : ownRow(round, step)));
}

/**
 * @param {Round} round
 * @param {Step} step
 * @returns {Row}
 */
function serverRow(round, step) {
  const seen = round.measured?.steps.find((one) => one.step === step);
  if (seen) return row(step, seen.ok ? 'good' : 'bad', seen.us / 1000);
  if (round.measured) return row(step, 'skipped', null);
  const isUnder = round.scanMs !== null && round.outcome === null;
  return row(step, isUnder ? 'busy' : 'idle', null);
}

/**
 * @param {Round} round
 * @param {Step} step
 * @returns {Row}
 */
function ownRow(round, step) {
  const isDone = round.outcome !== null;
  const isGood = isApproved(round);
  switch (step) {
    case 'code': return row(step, round.codeAtMs === null ? 'idle' : 'good', round.codeMs);
    case 'scan':
      if (round.isUnread) return row(step, 'bad', null);
      if (round.scanMs !== null || isDone) return row(step, 'good', round.scanMs);
      return row(step, round.heldAtMs === null ? 'idle' : 'busy', null);
    case 'answer':
      if (isDone) return row(step, isGood ? 'good' : 'bad', round.answerMs);
      return row(step, round.scanMs === null ? 'idle' : 'busy', null);
    case 'capture':
      if (round.captureAtMs !== null) return row(step, 'good', round.captureMs);
      if (isDone && !isGood) return row(step, 'skipped', null);
      return row(step, isDone && round.confirmation !== 'authorised' ? 'busy' : 'idle', null);
    default:
      if (round.confirmation === 'declined') return row(step, 'bad', confirmationMsOf(round));
      if (isConfirmed(round)) return row(step, 'good', confirmationMsOf(round));
      return row(step, isDone ? 'busy' : 'idle', null);
  }
}

/**
 * @param {Step} step
 * @param {Row['state']} state
 * @param {number | null} ms
 * @returns {Row}
 */
function row(step, state, ms) {
  const kind = state === 'good' || state === 'bad' ? state : state === 'skipped' ? 'skipped' : 'ask';
  return { step, state, ms, words: kind === 'skipped' ? 'path.skipped' : `path.${step}.${kind}` };
}

/**
 * What the plot shows: once the payment is through, and only of what was measured.
 * @param {Story} story
 * @returns {import('./types.js').Span}
 */
export function spanOf({ round }) {
  const parts = [round.codeMs, round.scanMs, round.answerMs, round.captureMs, confirmationMsOf(round)];
  let machineMs = 0;
  for (const ms of parts) {
    if (ms === null || !isConfirmed(round)) return { typedMs: null, handMs: null, machineMs: null };
    machineMs += ms;
  }
  const { codeAtMs, heldAtMs } = round;
  const handMs = codeAtMs === null || heldAtMs === null ? null : Math.max(0, heldAtMs - codeAtMs);
  return { typedMs: round.typedMs, handMs, machineMs };
}
