/**
 * Why something was not done: one class with a kind that has a screen of its own. It knows where faults come from
 * (the core, the browser, the network, the server), and no words for people.
 */

/** @typedef {import('./types.js').FaultKind} FaultKind */

export class Fault extends Error {
  /**
   * @param {FaultKind} kind
   * @param {string} [detail] for developers; no screen shows it
   */
  constructor(kind, detail = '') {
    super(`${kind}: ${detail}`);
    this.name = 'Fault';
    this.kind = kind;
    this.detail = detail;
    /** The core's or the server's own name, before it was folded into a kind. @type {string} */
    this.coreKind = kind;
  }
}

/** Kinds of the core that pages need not tell apart. @type {Record<string, FaultKind>} */
const CORE_KINDS = {
  not_activated: 'unexpected', activation_under_way: 'unexpected', already_activated: 'unexpected',
  no_activation: 'unexpected', key_unknown: 'refused',
};

/** Problem types of the server's API. @type {Record<string, FaultKind>} */
const PROBLEM_KINDS = {
  'activation-refused': 'activation_refused', 'challenge-expired': 'activation_refused', 'proof-refused': 'proof_refused',
  'app-refused': 'app_refused', 'wrong-pin': 'wrong_pin', 'last-device': 'last_device',
  'too-many-devices': 'too_many_devices', unauthenticated: 'revoked', 'too-many-requests': 'too_many_requests', unavailable: 'busy', 'provider-unavailable': 'busy',
};

/**
 * Runs a function of the core, whose faults are JSON texts.
 * @template T
 * @param {() => T} step
 * @returns {T}
 */
export function core(step) {
  try {
    return step();
  } catch (error) {
    throw fromCore(error);
  }
}

/**
 * The core's own name of what went wrong, before it is folded into a kind for pages.
 * @param {unknown} error
 */
export function coreKind(error) {
  return error instanceof Fault ? error.coreKind : null;
}

/** @param {unknown} error */
function fromCore(error) {
  if (typeof error !== 'string') return new Fault('unexpected', String(error));
  const { kind, detail } = JSON.parse(error);
  const fault = new Fault(CORE_KINDS[kind] ?? kind, detail);
  fault.coreKind = kind;
  return fault;
}

/**
 * The server's refusal.
 * @param {number} status
 * @param {string} body
 */
export function fromProblem(status, body) {
  let type = '';
  let detail = '';
  try {
    const problem = JSON.parse(body);
    type = String(problem.type ?? '').replace('urn:batzen:problem:', '');
    detail = String(problem.detail ?? problem.title ?? '');
  } catch {
    // A gateway's page, most likely.
  }
  const fault = new Fault(PROBLEM_KINDS[type] ?? (status === 502 || status === 503 ? 'busy' : 'server'), detail);
  fault.coreKind = type;
  return fault;
}

/**
 * What a browser's storage threw.
 * @param {unknown} error
 */
export function fromStorage(error) {
  if (error instanceof Fault) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const isFull = name === 'QuotaExceededError';
  return new Fault(isFull ? 'storage_full' : 'storage_unavailable', `${name} ${error}`);
}
