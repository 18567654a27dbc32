/** A letter with a 2D code on it, as an operator hands it to a customer: a picture to hold before a camera. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { site } from './places.mjs';

const WIDTH = 600;
const HEIGHT = 1000;
const MODULE = 12;
/** From the picture's upper edge: cameras see the upper part of what is held before them. */
const TOP = 120;

/**
 * Draws `text` as a QR Code with the pages' own writer.
 * @param {string} text
 * @param {string} folder
 * @returns {Promise<string>} the picture's path
 */
export async function writeLetter(text, folder) {
  const door = await import(pathToFileURL(join(site, 'wasm/wallet.js')).href);
  await door.default({ module_or_path: readFileSync(join(site, 'wasm/wallet_bg.wasm')) });
  const { side, modules } = JSON.parse(door.qr(text));
  const pixels = new Uint8Array(WIDTH * HEIGHT).fill(255);
  const left = Math.floor((WIDTH - side * MODULE) / 2);
  for (let y = 0; y < side * MODULE; y += 1) {
    for (let x = 0; x < side * MODULE; x += 1) {
      const place = Math.floor(y / MODULE) * side + Math.floor(x / MODULE);
      if (modules[place] === '1') pixels[(TOP + y) * WIDTH + left + x] = 0;
    }
  }
  // Portable graymap: a header of text, then the pixels.
  const path = join(folder, 'letter.pgm');
  writeFileSync(path, Buffer.concat([Buffer.from(`P5 ${WIDTH} ${HEIGHT} 255\n`), pixels]));
  return path;
}
