/**
 * What the page around this one is told: what happened and how long it took; and what it may hand in: an activation
 * code. It must not know what the parent does with it.
 */
import { hearParent, tellParent } from '/shared/frame.js';

/**
 * @param {'code' | 'confirmation'} step
 * @param {number} ms
 * @param {object} detail
 */
export function reportStep(step, ms, detail) {
  tellParent({ batzen: 'step', step, ms, detail });
}

/** @param {import('./types.js').View['phase'] | null} phase null if the wallet did not start */
export function reportReady(phase) {
  tellParent({ batzen: 'ready', page: 'wallet', phase });
}

/**
 * Calls `onCode` with activation codes from the parent.
 * @param {(code: string) => void} onCode
 */
export function followParent(onCode) {
  hearParent(({ batzen, code }) => {
    if (batzen === 'activate' && typeof code === 'string') onCode(code);
  });
}
