/**
 * Draws a 2D code on a canvas: black on white, with its quiet zone. It must not know what the code says, nor how large
 * it stands on a page.
 */

/** Light modules around a QR code, without which scanners do not find it (ISO/IEC 18004). */
const QUIET_MODULES = 4;

/** @typedef {{ side: number, modules: Uint8Array }} Drawable `modules` row by row, 1 is dark */

/**
 * Modules along one side, the quiet zone included.
 * @param {Drawable} symbol
 */
export function modulesAcross({ side }) {
  return side + 2 * QUIET_MODULES;
}

/**
 * Draws each module with the same whole number of the canvas's pixels, so that every edge is sharp.
 * @param {HTMLCanvasElement} canvas
 * @param {Drawable} symbol
 * @param {number} modulePx
 */
export function drawModules(canvas, symbol, modulePx) {
  const { side, modules } = symbol;
  canvas.width = canvas.height = modulesAcross(symbol) * modulePx;
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) return;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = '#000000';
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      if (!modules[y * side + x]) continue;
      context.fillRect((x + QUIET_MODULES) * modulePx, (y + QUIET_MODULES) * modulePx, modulePx, modulePx);
    }
  }
}
