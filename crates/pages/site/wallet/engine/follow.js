/**
 * Takes what the server pushes as it comes, through lost connections and sleeping phones. It must not know what is
 * pushed.
 */
import { Fault } from './fault.js';
import { listen } from './server.js';

/** The pauses before listening again: the first, and the longest. */
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 30_000;

/**
 * @param {{ signer: () => import('./server.js').Signer, through: () => number, catchUp: () => Promise<void>,
 *   takers: Record<string, (view: string) => Promise<void>> }} wallet
 *   `takers`: who takes events, by their type; types that nobody takes are a later server's, and passed over
 * @param {AbortSignal} signal ends it
 */
export async function followConfirmations({ signer, through, catchUp, takers }, signal) {
  let pauseMs = PAUSE_MS_MIN;
  while (!signal.aborted) {
    try {
      await catchUp();
      pauseMs = PAUSE_MS_MIN;
      for await (const { type, data } of listen(`/v1/confirmations/stream?after=${through()}`, signer(), signal)) {
        if (signal.aborted) return;
        if (Object.hasOwn(takers, type)) await takers[type](data);
      }
    } catch (error) {
      // Whatever it was, the next look at the server tells; what is wrong for good shows on the next request.
      if (!(error instanceof Fault)) reportError(error);
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX);
  }
}

/**
 * Waits, but no longer than until the network is back or the page is looked at again.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = new AbortController();
    const end = () => {
      done.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, ms);
    const wake = { signal: done.signal };
    addEventListener('online', end, wake);
    document.addEventListener('visibilitychange', () => { if (!document.hidden) end(); }, wake);
    signal.addEventListener('abort', end, wake);
  });
}
