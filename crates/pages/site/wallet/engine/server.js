/**
 * The phone's side of the payment server's API, at the page's own origin. It carries what the core gives out and
 * brings back what was answered; it decides nothing but when to try again with the server's clock.
 */
import { core, Fault, fromProblem } from './fault.js';

/** @typedef {import('/wasm/wallet.js').Wallet} Wallet */
/** @typedef {import('./vault.js').Vault} Vault */

/** From a request to the last byte of its answer. */
const DEADLINE_MS = 20_000;
/** The longest silence of a stream; the server sends a comment every 15 s. */
const SILENCE_MS_MAX = 60_000;
/** How far the wallet's idea of the server's time may be off before it takes the server's own. */
const CLOCK_SLACK_MS = 30_000;
/** The longest event of a stream, characters. */
const EVENT_LEN_MAX = 16_384;

/** Who signs, if anybody. @typedef {{ wallet: Wallet, vault: Vault }} Signer */

/**
 * Sends once; a signed request that the server found too old or too early is sent again with the server's clock.
 * @param {string} method
 * @param {string} path with its query
 * @param {{ body?: string|Uint8Array, signer?: Signer, signal?: AbortSignal }} [options]
 */
export async function ask(method, path, { body, signer, signal } = {}) {
  const answer = await send(method, path, { body, signer, signal });
  if (!answer.ok) throw fromProblem(answer.status, await readText(answer));
  return readText(answer);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: string|Uint8Array, signer?: Signer, signal?: AbortSignal }} options
 * @returns {Promise<Response>}
 */
async function send(method, path, { body, signer, signal }) {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body ?? new Uint8Array();
  const attempt = (/** @type {number} */ serverTimeMs) => once(method, path, bytes, signer, serverTimeMs, signal);
  const believedMs = signer ? signer.wallet.server_time_ms(Date.now()) : 0;
  const answer = await attempt(believedMs);
  const toldMs = Date.parse(answer.headers.get('date') ?? '');
  if (signer && answer.status === 401 && Math.abs(toldMs - believedMs) > CLOCK_SLACK_MS) return attempt(toldMs);
  return answer;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {Uint8Array} bytes
 * @param {Signer|undefined} signer
 * @param {number} serverTimeMs
 * @param {AbortSignal|undefined} signal
 */
async function once(method, path, bytes, signer, serverTimeMs, signal) {
  const headers = new Headers();
  if (bytes.length > 0) headers.set('content-type', 'application/json');
  if (signer) {
    const prepared = core(() => signer.wallet.prepare_request(method, path, bytes, serverTimeMs));
    const signature = await signer.vault.signOnline(prepared.to_sign());
    for (const [name, value] of JSON.parse(core(() => prepared.finish(signature)))) headers.set(name, value);
  }
  try {
    return await fetch(path, {
      method, headers, body: bytes.length > 0 ? /** @type {BodyInit} */ (bytes) : null,
      cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer',
      signal: signal ?? AbortSignal.timeout(DEADLINE_MS),
    });
  } catch (error) {
    throw new Fault('offline', String(error));
  }
}

/** @param {Response} answer */
async function readText(answer) {
  try {
    return await answer.text();
  } catch (error) {
    throw new Fault('offline', String(error));
  }
}

/**
 * Type and data of each event of a stream, until the server ends it, it falls silent, or `signal` aborts.
 * @param {string} path
 * @param {Signer} signer
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<StreamEvent>}
 */
export async function* listen(path, signer, signal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
  try {
    const answer = await send('GET', path, { signer, signal: AbortSignal.any([signal, silence.signal]) });
    if (!answer.ok || !answer.body) throw fromProblem(answer.status, await readText(answer));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
      const events = (text + value).replaceAll('\r', '').split('\n\n');
      text = events.pop() ?? '';
      if (text.length > EVENT_LEN_MAX) throw new Fault('refused', 'an event is too long');
      for (const text of events) {
        const event = eventOf(text);
        if (event.data) yield event;
      }
    }
  } catch (error) {
    throw error instanceof Fault ? error : new Fault('offline', String(error));
  } finally {
    clearTimeout(timer);
    // Whoever stops reading early leaves no open connection behind.
    silence.abort();
  }
}

/** `message` is the type of those that name none. @typedef {{ type: string, data: string }} StreamEvent */

/**
 * An event with its data; empty for a comment.
 * @param {string} text
 * @returns {StreamEvent}
 */
function eventOf(text) {
  const lines = text.split('\n');
  const field = (/** @type {string} */ name) =>
    lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
  return { type: field('event').at(-1) || 'message', data: field('data').join('\n') };
}
