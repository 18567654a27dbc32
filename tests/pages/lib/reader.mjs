/** A code scanner that types: reads the code in a picture with a reader of somebody else's. */
import { execFileSync } from 'node:child_process';

/**
 * The text of the code in a picture.
 * @param {string} png
 */
export function readCode(png) {
  const wish = ['--quiet', '--raw', '-Sdisable', '-Sqrcode.enable', png];
  // It complains about a message bus that it does not need.
  const text = execFileSync('zbarimg', wish, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return text.trim();
}
