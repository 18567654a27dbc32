/**
 * Talks to a page of our own origin that shows this one in a frame: tells it the steps of a payment, and takes an
 * amount, a picture or a set-up from it. Must not know screens.
 */

import { hearParent as hear, tellParent } from '/shared/frame.js';

/** @param {boolean} isSetUp */
export const tellReady = (isSetUp) => tellParent({ batzen: 'ready', page: 'checkout', isSetUp });

/**
 * @param {'scan' | 'answer' | 'capture'} step
 * @param {number} ms
 * @param {Record<string, unknown>} detail
 */
export const tellStep = (step, ms, detail) => tellParent({ batzen: 'step', step, ms, detail });

/**
 * @param {{
 *   picture: (bitmap: ImageBitmap) => void,
 *   amount: (amountMinor: number, reference: string | null) => void,
 *   setup: (wish: { key: string, till: string, currency: string }) => void,
 * }} on
 */
export function hearParent(on) {
  hear((data) => {
    if (data.batzen === 'picture' && data.bitmap instanceof ImageBitmap) on.picture(data.bitmap);
    if (data.batzen === 'amount' && Number.isSafeInteger(data.amountMinor) && data.amountMinor > 0) {
      on.amount(data.amountMinor, typeof data.reference === 'string' ? data.reference : null);
    }
    if (data.batzen === 'setup' && typeof data.key === 'string') {
      on.setup({ key: data.key, till: String(data.till ?? ''), currency: String(data.currency ?? 'CHF') });
    }
  });
}
