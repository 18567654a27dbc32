/**
 * The way to the payment server: one origin, one API key. Tells "surely not sent" from "perhaps received" as the
 * core wants it. Must not know what is asked, or what an answer means.
 */

import { Fault } from './fault.js';

/** @typedef {Extract<import('../types').Next, { do: 'send' }>} Sending */
/** @typedef {{ kind: 'heard', status: number, body: string } | { kind: 'not_sent' | 'lost', cause: string }} Heard */

const WHO_DEADLINE_MS = 8_000;

/**
 * Sends what the core asks for.
 * @param {string} apiKey
 * @param {Sending} sending
 * @param {AbortSignal} signal ends the wait, not what the server does
 * @returns {Promise<Heard>}
 */
export async function send(apiKey, sending, signal) {
  // Only a browser that knows it has no network says before sending that nothing left it.
  if (!navigator.onLine) return { kind: 'not_sent', cause: 'no network' };
  /** @type {Record<string, string>} */
  const headers = { Authorization: `Bearer ${apiKey}` };
  if (sending.key !== null) headers['Idempotency-Key'] = sending.key;
  if (sending.body !== null) headers['Content-Type'] = 'application/json';
  try {
    const response = await fetch(sending.path, {
      method: sending.method,
      headers,
      body: sending.body,
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.any([AbortSignal.timeout(sending.deadline_ms), signal]),
    });
    return { kind: 'heard', status: response.status, body: await response.text() };
  } catch (thrown) {
    const isLate = thrown instanceof DOMException && thrown.name === 'TimeoutError';
    return { kind: 'lost', cause: isLate ? 'no answer in time' : 'the connection failed' };
  }
}

/**
 * Whom the server takes this key for.
 * @param {string} apiKey
 * @returns {Promise<{ checkout: string, name: string, merchant: string, tills: string[] }>}
 */
export async function askWho(apiKey) {
  // A header takes visible ASCII only; anything else is no key of ours.
  if (!/^[\x21-\x7e]{8,512}$/.test(apiKey)) throw new Fault('bad_key');
  if (!navigator.onLine) throw new Fault('offline');
  let response;
  try {
    response = await fetch('/v1/checkout', {
      headers: { Authorization: `Bearer ${apiKey}` },
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(WHO_DEADLINE_MS),
    });
  } catch {
    throw new Fault('offline');
  }
  if (isRefusal(response.status)) throw new Fault('key_refused');
  if (!response.ok) throw new Fault('server', `status ${response.status}`);
  const who = await response.json().catch(() => null);
  if (typeof who?.id !== 'string' || !Array.isArray(who.terminals)) throw new Fault('server', 'not its API');
  return { checkout: who.id, name: who.name, merchant: who.merchant_name, tills: who.terminals };
}

/**
 * Whether the server does not take the key.
 * @param {number} status
 */
export const isRefusal = (status) => status === 401 || status === 403;
