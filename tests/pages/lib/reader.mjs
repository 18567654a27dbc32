/** A code scanner that types: reads the code in a picture with a reader of somebody else's. */
import { execFileSync } from 'node:child_process';

/**
 * The text of the code in a picture.
 * @param {string} png
 */
export function readCode(png) {
  const text = execFileSync('zbarimg', ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', png], { encoding: 'utf8' });
  return text.trim();
}
