/**
 * What wallet and checkout report, read into events of the story, and what they are told in return
 * when they are ready. Whatever is not as agreed is passed over: a report only lights a step.
 */
import { askSetup } from './server.js';

/** @typedef {import('./types.js').Setup} Setup */
/** @typedef {import('./types.js').Story} Story */
/**
 * @typedef {object} Ears
 * @property {(event: import('./types.js').Event) => void} happened
 * @property {() => Story} story
 * @property {Promise<Setup>} setupAsked
 * @property {() => void} codeTaken the activation code is the wallet's in the frame: no other phone can use it
 * @property {() => void} tellAmount
 * @property {() => Promise<void>} hasCode
 */

const PHASES = ['new', 'activating', 'enrolled'];

/**
 * @param {import('./frames.js').Frames} frames
 * @param {Ears} ears
 */
export function hear(frames, ears) {
  let isCodeGiven = false;
  let isCodeUsed = false;
  let isSetupGiven = false;

  /** @param {Record<string, any>} message */
  async function walletReady({ phase, methods }) {
    const known = PHASES.includes(phase) ? phase : null;
    ears.happened({ kind: 'walletReady', phase: known, methods: count(methods) });
    if (known !== 'new') {
      isCodeUsed = isCodeGiven;
      return;
    }
    // A wallet that was erased needs a code of its own; one that waits for its first keeps it.
    const setup = isCodeUsed ? await askSetup() : await ears.setupAsked;
    frames.tellWallet({ batzen: 'activate', code: setup.activation_code });
    if (!isCodeGiven || isCodeUsed) ears.codeTaken();
    isCodeGiven = true;
    isCodeUsed = false;
  }

  /**
   * The till says that it is ready when it has started, and again when it has taken a set-up.
   * @param {Record<string, any>} message
   */
  async function tillReady({ isSetUp }) {
    const wasGiven = isSetupGiven;
    isSetupGiven = !wasGiven;
    if (!wasGiven) {
      const { api_key, till, currency } = await ears.setupAsked;
      frames.tellCheckout({ batzen: 'setup', apiKey: api_key, key: api_key, till, currency });
    }
    if (isSetUp !== false) ears.tellAmount();
  }

  frames.hear((from, message) => {
    if (message.batzen === 'ready') (from === 'wallet' ? walletReady(message) : tillReady(message)).catch(() => {});
    if (message.batzen !== 'step') return;
    const event = from === 'wallet' ? walletStep(message) : tillStep(message);
    if (!event) return;
    if (event.kind === 'code') ears.hasCode();
    ears.happened(event);
  });
}

/**
 * @param {Record<string, any>} message
 * @returns {import('./types.js').Event | null}
 */
function walletStep({ step, ms, detail }) {
  const atMs = performance.now();
  if (step === 'code') return { kind: 'code', atMs, ms: time(ms), typedMs: time(detail?.typedMs) };
  if (step !== 'confirmation') return null;
  const { kind, cause, payment, sinceCaptureMs } = detail ?? {};
  return { kind: 'confirmation', atMs, ms: time(sinceCaptureMs), what: text(kind) ?? '', cause: text(cause), payment: text(payment) };
}

/**
 * @param {Record<string, any>} message
 * @returns {import('./types.js').Event | null}
 */
function tillStep({ step, ms, detail }) {
  const atMs = performance.now();
  switch (step) {
    case 'scan': return { kind: 'scan', atMs, ms: time(ms) };
    case 'answer':
      return { kind: 'answer', atMs, ms: time(ms), outcome: outcomeOf(detail?.outcome), payment: text(detail?.payment) };
    case 'capture': return { kind: 'capture', atMs, ms: time(ms) };
    default: return null;
  }
}

/**
 * An outcome may come as its name or as the whole of it.
 * @param {unknown} outcome
 */
function outcomeOf(outcome) {
  if (typeof outcome === 'object' && outcome !== null && 'kind' in outcome) return String(outcome.kind);
  return text(outcome) ?? 'unknown';
}

/** @param {unknown} value */
const time = (value) => (typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null);

/** @param {unknown} value */
const text = (value) => (typeof value === 'string' && value !== '' ? value : null);

/** @param {unknown} value */
function count(value) {
  if (Array.isArray(value)) return value.length;
  return time(value);
}
