/**
 * The two frames: hears what wallet and checkout say, tells them what the front page fills in for
 * them, and takes the picture of the code from the phone's screen. Only pages of our own origin,
 * in our own frames, are heard. It must not know what a payment is.
 */

/** A code is shown for a minute; an older picture of it would only be declined. */
const PICTURE_AGE_MAX_MS = 60_000;
/** Sides of the picture that the till gets: the code on white, with room around it. */
const PICTURE_SIDE = 960;
const CODE_SIDE_MAX = 720;
const LOOK_EVERY_MS = 250;

export class Frames {
  /** @type {{ bitmap: ImageBitmap, atMs: number } | null} */
  #kept = null;

  /**
   * @param {HTMLIFrameElement} wallet
   * @param {HTMLIFrameElement} checkout
   */
  constructor(wallet, checkout) {
    this.wallet = wallet;
    this.checkout = checkout;
  }

  /**
   * @param {(from: 'wallet' | 'checkout', message: Record<string, any>) => void} on
   */
  hear(on) {
    window.addEventListener('message', ({ origin, source, data }) => {
      if (origin !== location.origin || data === null || typeof data !== 'object') return;
      if (source === this.wallet.contentWindow) on('wallet', data);
      else if (source === this.checkout.contentWindow) on('checkout', data);
    });
  }

  /** @param {Record<string, unknown>} message */
  tellWallet(message) {
    this.wallet.contentWindow?.postMessage(message, location.origin);
  }

  /**
   * @param {Record<string, unknown>} message
   * @param {Transferable[]} [moved]
   */
  tellCheckout(message, moved = []) {
    this.checkout.contentWindow?.postMessage(message, location.origin, moved);
  }

  /**
   * Looks at both screens, as the person in front of them does, and says when they changed.
   * @param {(sight: import('./types.js').Sight) => void} on
   */
  watch(on) {
    let before = '';
    setInterval(() => {
      const sight = this.look();
      const now = JSON.stringify(sight);
      if (now !== before) on(sight);
      before = now;
    }, LOOK_EVERY_MS);
  }

  /** @returns {import('./types.js').Sight} */
  look() {
    const phone = pageIn(this.wallet);
    return {
      isAtBank: phone?.location?.pathname.startsWith('/bank/') ?? false,
      screen: screenOf(phone),
      canPay: (phone?.querySelector('[data-action="pay"]') ?? null) !== null,
      tillScreen: screenOf(pageIn(this.checkout)),
    };
  }

  /**
   * Fills the bank's login, as a browser would that knows the password. False if there is none.
   * @param {string} customerNumber
   * @param {string} password
   */
  fillBank(customerNumber, password) {
    const page = pageIn(this.wallet);
    const secret = /** @type {HTMLInputElement | null} */ (page?.querySelector('input[type="password"]') ?? null);
    if (!secret?.form) return false;
    const inputs = [...secret.form.querySelectorAll('input')];
    const name = inputs.find((input) => input !== secret && !['hidden', 'submit', 'checkbox', 'radio'].includes(input.type));
    if (!name) return false;
    fill(name, customerNumber);
    fill(secret, password);
    secret.form.querySelector('button')?.focus();
    return true;
  }

  /** Keeps what the phone shows now: it may hide the code as soon as one turns away from it. */
  async keepPicture() {
    const canvas = this.#codeCanvas();
    if (canvas) this.#kept = { bitmap: await createImageBitmap(canvas), atMs: performance.now() };
  }

  /**
   * Holds the phone to the till. False if the phone has not shown a code within the last minute.
   * @returns {Promise<boolean>}
   */
  async holdToTill() {
    await this.keepPicture();
    if (!this.#kept || performance.now() - this.#kept.atMs > PICTURE_AGE_MAX_MS) return false;
    const bitmap = await picture(this.#kept.bitmap);
    this.tellCheckout({ batzen: 'picture', bitmap }, [bitmap]);
    return true;
  }

  /** @returns {HTMLCanvasElement | null} */
  #codeCanvas() {
    const canvas = pageIn(this.wallet)?.querySelector('canvas#code');
    // The frame has classes of its own, so ours cannot be asked about its elements.
    const found = /** @type {HTMLCanvasElement | null} */ (canvas ?? null);
    return found && found.width > 0 && found.height > 0 ? found : null;
  }
}

/**
 * The page in a frame; null while it may not be looked at.
 * @param {HTMLIFrameElement} frame
 */
function pageIn(frame) {
  try {
    return frame.contentDocument;
  } catch {
    return null;
  }
}

/** @param {Document | null} page */
function screenOf(page) {
  return page?.querySelector('[data-screen]')?.getAttribute('data-screen') ?? null;
}

/**
 * The code as a camera sees it: in the middle of something larger, on white.
 * @param {ImageBitmap} code
 * @returns {Promise<ImageBitmap>}
 */
function picture(code) {
  const scale = CODE_SIDE_MAX / Math.max(code.width, code.height);
  // Whole steps keep every module the same size; a drawing that is too large is made smaller smoothly.
  const factor = scale >= 1 ? Math.floor(scale) : scale;
  const canvas = document.createElement('canvas');
  canvas.width = PICTURE_SIDE;
  canvas.height = PICTURE_SIDE;
  const context = canvas.getContext('2d');
  if (!context) return Promise.reject(new Error('no canvas to draw on'));
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, PICTURE_SIDE, PICTURE_SIDE);
  context.imageSmoothingEnabled = factor < 1;
  const width = code.width * factor;
  const height = code.height * factor;
  context.drawImage(code, Math.round((PICTURE_SIDE - width) / 2), Math.round((PICTURE_SIDE - height) / 2), width, height);
  return createImageBitmap(canvas);
}

/**
 * @param {HTMLInputElement} input
 * @param {string} value
 */
function fill(input, value) {
  input.value = value;
  input.dispatchEvent(new Event('input', { bubbles: true }));
  input.dispatchEvent(new Event('change', { bubbles: true }));
}
