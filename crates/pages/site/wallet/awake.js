/**
 * Keeps the screen on while a code is shown, where the browser can. The browser lets go of the lock whenever the
 * page is hidden, so it is asked for again when the page comes back. It must not know what is shown.
 */

/**
 * @returns {() => void} lets the screen sleep again
 */
export function stayAwake() {
  let hasEnded = false;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  const ask = async () => {
    if (hasEnded || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    try {
      const got = await navigator.wakeLock.request('screen');
      if (hasEnded) await got.release();
      else lock = got;
    } catch {
      // A low battery or a setting may forbid it; the code works all the same.
    }
  };
  document.addEventListener('visibilitychange', ask);
  ask();
  return () => {
    hasEnded = true;
    document.removeEventListener('visibilitychange', ask);
    lock?.release().catch(() => {});
  };
}
