/**
 * The customers' API, as the page needs it. Every failure becomes a `Fault` whose kind says what the customer can
 * do. Keeps nothing: the session is the caller's.
 */

/**
 * @typedef {'login_refused' | 'session_over' | 'partner_unknown' | 'return_refused' | 'account_unusable'
 *   | 'slow_down' | 'busy' | 'offline' | 'invalid' | 'failed'} FaultKind
 */

/**
 * @typedef {object} Account
 * @property {number} account_id
 * @property {string} iban
 * @property {string} label
 * @property {string} currency
 * @property {number} balance_minor
 * @property {'open' | 'blocked' | 'closed'} status
 */

/** Why the bank did not do it. */
export class Fault extends Error {
  /** @param {FaultKind} kind */
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

/** Longer than the bank itself waits. */
const ANSWER_MS_MAX = 20_000;
const PROBLEM = 'urn:batzen-bank:problem:';
/** @type {Record<string, FaultKind>} */
const KINDS = {
  'login-refused': 'login_refused',
  'session-ended': 'session_over',
  'partner-unknown': 'partner_unknown',
  'return-refused': 'return_refused',
  'account-unusable': 'account_unusable',
  'unknown-account': 'account_unusable',
  'too-many-requests': 'slow_down',
  'unavailable': 'busy',
  'timed-out': 'busy',
  'storage-failed': 'busy',
  'invalid-request': 'invalid',
};

/**
 * @param {string} partner
 * @param {string} returnTo
 * @returns {Promise<string>} the partner's name for people
 */
export async function partnerName(partner, returnTo) {
  const path = `v1/partners/${encodeURIComponent(partner)}?return_to=${encodeURIComponent(returnTo)}`;
  const { body } = await ask('GET', path);
  return String(body.display_name);
}

/**
 * @param {string} customerNumber
 * @param {string} password
 * @returns {Promise<{ session: string, lifetimeMs: number }>}
 */
export async function logIn(customerNumber, password) {
  const { body, atMs } = await ask('POST', 'v1/login', null, { customer_number: customerNumber, password });
  return { session: String(body.session), lifetimeMs: Number(body.expires_at_ms) - atMs };
}

/**
 * @param {string} session
 * @returns {Promise<Account[]>}
 */
export async function accounts(session) {
  const { body } = await ask('GET', 'v1/accounts', session);
  return body.accounts;
}

/**
 * @param {string} session
 * @param {string} partner
 * @param {{ link_id: string, account_id: number, return_to: string }} wish
 * @returns {Promise<string>}
 */
export async function makeProof(session, partner, wish) {
  const { body } = await ask('POST', `v1/partners/${encodeURIComponent(partner)}/proofs`, session, wish);
  return String(body.proof);
}

/**
 * Ends the session; the answer does not matter, since the session ends by itself too.
 * @param {string} session
 */
export function logOut(session) {
  const headers = { authorization: `Bearer ${session}` };
  fetch('v1/logout', { ...CAREFULLY, method: 'POST', headers, keepalive: true }).catch(() => {});
}

/** @type {RequestInit} */
const CAREFULLY = { cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' };

/**
 * @param {string} method
 * @param {string} path relative to the page
 * @param {string | null} [session]
 * @param {unknown} [body]
 * @returns {Promise<{ body: any, atMs: number }>} `atMs` is the bank's clock
 */
async function ask(method, path, session = null, body = undefined) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (session !== null) headers.authorization = `Bearer ${session}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const sent = { ...CAREFULLY, method, headers, signal, body: body === undefined ? null : JSON.stringify(body) };
  const { answer, text } = await fetchText(path, sent);
  const read = parse(text);
  if (!answer.ok) throw new Fault(kindOf(answer.status, read));
  if (typeof read !== 'object' || read === null) throw new Fault('failed');
  const date = Date.parse(answer.headers.get('date') ?? '');
  return { body: read, atMs: Number.isNaN(date) ? Date.now() : date };
}

/**
 * @param {string} path
 * @param {RequestInit} sent
 */
async function fetchText(path, sent) {
  try {
    const answer = await fetch(path, sent);
    return { answer, text: await answer.text() };
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    throw new Fault(isLate ? 'busy' : 'offline');
  }
}

/**
 * @param {number} status
 * @param {any} problem
 * @returns {FaultKind}
 */
function kindOf(status, problem) {
  const type = String(problem?.type ?? '');
  const known = type.startsWith(PROBLEM) ? KINDS[type.slice(PROBLEM.length)] : undefined;
  // What stands between the page and the bank may answer for it, in words of its own.
  return known ?? (status === 429 || status >= 502 ? 'busy' : 'failed');
}

/**
 * @param {string} text
 * @returns {any}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
