/**
 * Talks to a page of our own origin that shows this one in a frame: tells it the steps of a payment, and takes an
 * amount, a picture or a set-up from it. Nobody else is heard or told. Must not know screens.
 */

export const isFramed = window.parent !== window;

/** @param {Record<string, unknown>} message */
function tell(message) {
  if (isFramed) window.parent.postMessage(message, location.origin);
}

/** @param {boolean} isSetUp */
export const tellReady = (isSetUp) => tell({ batzen: 'ready', page: 'checkout', isSetUp });

/**
 * @param {'scan' | 'answer' | 'capture'} step
 * @param {number} ms
 * @param {Record<string, unknown>} detail
 */
export const tellStep = (step, ms, detail) => tell({ batzen: 'step', step, ms, detail });

/**
 * @param {{
 *   picture: (bitmap: ImageBitmap) => void,
 *   amount: (amountMinor: number, reference: string | null) => void,
 *   setup: (wish: { key: string, till: string, currency: string }) => void,
 * }} on
 */
export function hearParent(on) {
  if (!isFramed) return;
  window.addEventListener('message', ({ origin, source, data }) => {
    if (origin !== location.origin || source !== window.parent) return;
    if (data?.batzen === 'picture' && data.bitmap instanceof ImageBitmap) on.picture(data.bitmap);
    if (data?.batzen === 'amount' && Number.isSafeInteger(data.amountMinor) && data.amountMinor > 0) {
      on.amount(data.amountMinor, typeof data.reference === 'string' ? data.reference : null);
    }
    if (data?.batzen === 'setup' && typeof data.key === 'string') {
      on.setup({ key: data.key, till: String(data.till ?? ''), currency: String(data.currency ?? 'CHF') });
    }
  });
}
