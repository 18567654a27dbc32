/**
 * The page around this one, when it stands in a frame of its own origin (the demo's front page): it is told what
 * happens and how long it took, and may hand in an activation code. It must not know what the parent does with it.
 */

/** Whether the page stands in a frame. */
export const isFramed = window.parent !== window;

/**
 * @param {'code' | 'confirmation'} step
 * @param {number} ms
 * @param {object} detail
 */
export function reportStep(step, ms, detail) {
  post({ batzen: 'step', step, ms, detail });
}

/** @param {import('./types.js').View['phase'] | null} phase null if the wallet did not start */
export function reportReady(phase) {
  post({ batzen: 'ready', page: 'wallet', phase });
}

/**
 * Calls `onCode` with activation codes from the parent.
 * @param {(code: string) => void} onCode
 */
export function followParent(onCode) {
  if (!isFramed) return;
  window.addEventListener('message', (event) => {
    if (event.origin !== location.origin || event.source !== window.parent) return;
    const { data } = event;
    if (data?.batzen === 'activate' && typeof data.code === 'string') onCode(data.code);
  });
}

/** @param {object} message */
function post(message) {
  if (isFramed) window.parent.postMessage(message, location.origin);
}
