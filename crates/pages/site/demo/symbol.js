/**
 * Draws a text as a 2D code, black on white with its quiet zone. The code itself is made by the
 * wallet's WebAssembly, which is loaded only when there is something to draw.
 */
import { h } from '/shared/dom.js';

const QUIET_MODULES = 4;
const MODULE_PX = 6;

/**
 * @param {string} text
 * @param {string} label what the code is for, in words
 * @returns {Promise<HTMLElement>}
 */
export async function drawSymbol(text, label) {
  const { side, isDark } = await makeSymbol(text);
  const sidePx = (side + 2 * QUIET_MODULES) * MODULE_PX;
  const canvas = h('canvas', { width: sidePx, height: sidePx, role: 'img', 'aria-label': label });
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas to draw on');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, sidePx, sidePx);
  context.fillStyle = '#000000';
  for (let place = 0; place < side * side; place += 1) {
    if (!isDark(place)) continue;
    const x = (place % side) + QUIET_MODULES;
    const y = Math.floor(place / side) + QUIET_MODULES;
    context.fillRect(x * MODULE_PX, y * MODULE_PX, MODULE_PX, MODULE_PX);
  }
  return h('div', { class: 'code-card' }, canvas);
}

/**
 * @param {string} text
 * @returns {Promise<{ side: number, isDark: (place: number) => boolean }>}
 */
async function makeSymbol(text) {
  const { default: init, qr } = await import('/wasm/wallet.js');
  await init();
  /** @type {{ side: number, modules: string }} */
  const { side, modules } = JSON.parse(qr(text));
  return { side, isDark: (place) => modules[place] === '1' };
}
