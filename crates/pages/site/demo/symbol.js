/**
 * Draws a text as a 2D code. The code itself is made by the wallet's WebAssembly, which is loaded only when there is
 * something to draw.
 */
import { h } from '/shared/dom.js';
import { drawModules } from '/shared/symbol.js';

const MODULE_PX = 6;

/**
 * @param {string} text
 * @param {string} label what the code is for, in words
 * @returns {Promise<HTMLElement>}
 */
export async function drawSymbol(text, label) {
  const canvas = h('canvas', { role: 'img', 'aria-label': label });
  drawModules(canvas, await makeSymbol(text), MODULE_PX);
  return h('div', { class: 'code-card' }, canvas);
}

/**
 * @param {string} text
 * @returns {Promise<{ side: number, modules: Uint8Array }>}
 */
async function makeSymbol(text) {
  const { default: init, qr } = await import('/wasm/wallet.js');
  await init();
  /** @type {{ side: number, modules: string }} */
  const { side, modules } = JSON.parse(qr(text));
  return { side, modules: Uint8Array.from(modules, Number) };
}
