/** Screenshots: all of them for looking at, and the few that README and docs show. */
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pictures, screenshots } from './places.mjs';

/**
 * Takes one into the folder of screenshots.
 * @param {import('playwright-core').Page} page
 * @param {string} name with folders, without an ending
 * @param {{ isWhole?: boolean }} [options] `isWhole`: the whole page, not only what the window shows
 * @returns {Promise<string>} its path
 */
export async function takePicture(page, name, { isWhole = false } = {}) {
  const path = join(screenshots, `${name}.png`);
  mkdirSync(dirname(path), { recursive: true });
  await page.screenshot({ path, fullPage: isWhole, animations: 'disabled', caret: 'hide' });
  return path;
}

/**
 * Copies a screenshot to where README and docs show it.
 * @param {string} path
 * @param {string} name without an ending
 */
export function blessPicture(path, name) {
  mkdirSync(pictures, { recursive: true });
  copyFileSync(path, join(pictures, `${name}.png`));
}
