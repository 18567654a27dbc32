/** What a test opened is closed again, the last first, however the test ends: a process left behind never ends. */

/** @typedef {<T>(thing: T, close: (thing: T) => unknown) => T} Keep */

/**
 * Calls `body` with a function that keeps what was opened until the body is over.
 * @template R
 * @param {(keep: Keep) => Promise<R>} body
 * @returns {Promise<R>}
 */
export async function scope(body) {
  /** @type {(() => unknown)[]} */
  const closings = [];
  try {
    return await body((thing, close) => {
      closings.unshift(() => close(thing));
      return thing;
    });
  } finally {
    for (const close of closings) await close();
  }
}
