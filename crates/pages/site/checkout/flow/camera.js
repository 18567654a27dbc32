/**
 * The camera while the scan screen stands: starts it, puts its picture into the screen, stops it. Must not know what
 * a text means.
 */

import { h } from '/shared/dom.js';
import { startScanner } from '/shared/camera.js';

/** @typedef {import('/shared/camera.js').ScannerState} ScannerState */
/** @typedef {import('/shared/camera.js').Seen} Seen */

export class Camera {
  #video = h('video', { muted: true, playsinline: true, 'aria-hidden': 'true' });
  /** Which start is the latest: an earlier one that comes late is stopped. */
  #turn = 0;
  /** @type {{ stop(): void } | null} */
  #scanner = null;

  /**
   * @param {(text: string, seen: Seen) => boolean} onText
   * @param {(state: ScannerState) => void} onState
   */
  constructor(onText, onState) {
    this.onText = onText;
    this.onState = onState;
  }

  /** @param {Element} root */
  show(root) {
    root.querySelector('[data-video]')?.replaceChildren(this.#video);
    // A video that moved within the page stands still until it is told to play.
    if (this.#video.srcObject) this.#video.play().catch(() => {});
  }

  async start() {
    this.stop();
    this.#turn += 1;
    const turn = this.#turn;
    const scanner = await startScanner({
      video: this.#video,
      onText: (text, seen) => turn === this.#turn && this.onText(text, seen),
      onState: (state) => turn === this.#turn && this.onState(state),
    });
    if (turn === this.#turn) this.#scanner = scanner;
    else scanner.stop();
  }

  stop() {
    this.#turn += 1;
    this.#scanner?.stop();
    this.#scanner = null;
  }
}
