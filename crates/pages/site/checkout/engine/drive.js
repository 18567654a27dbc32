/**
 * Drives one run of the core: stores, sends and waits as it says, in its order. What is to be done is the run's;
 * this only does it. Must not know screens, and never sends before an entry is kept.
 */

/** @typedef {import('../types').Next} Next */
/** @typedef {import('../types').Entry} Entry */
/** @typedef {import('../types').Run} Run */
/** @typedef {Extract<Next, { do: 'send' }>} Sending */
/** @typedef {Extract<Next, { do: 'end' }>} End */
/**
 * @typedef {object} Means
 * @property {(entry: Entry) => Promise<void>} store resolves once the entry is durable and in the book
 * @property {(entry: Entry) => void} onStored the run knows that it is
 * @property {(sending: Sending) => Promise<import('./door.js').Heard>} send
 * @property {(next: Next) => void} onNext told before each thing is done
 * @property {AbortSignal} signal stops between two steps; the journal ends what is open then
 * @property {() => number} nowMs
 */

/**
 * @param {Run} run
 * @param {Means} means
 * @returns {Promise<End | null>} null if it was stopped
 */
export async function drive(run, means) {
  const { signal, nowMs } = means;
  for (;;) {
    if (signal.aborted) return null;
    /** @type {Next} */
    const next = JSON.parse(run.next(nowMs()));
    means.onNext(next);
    switch (next.do) {
      case 'store':
        await means.store(next.entry);
        run.stored();
        means.onStored(next.entry);
        break;
      case 'send': {
        const heard = await means.send(next);
        if (signal.aborted) return null;
        if (heard.kind === 'heard') run.heard(heard.status, heard.body, nowMs());
        else run[heard.kind](heard.cause, nowMs());
        break;
      }
      case 'wait':
        await pause(next.ms, signal);
        break;
      case 'end':
        return next;
    }
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
