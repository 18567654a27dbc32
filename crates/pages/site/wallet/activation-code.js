/**
 * Reads activation codes as people type, paste or scan them: any case, with or without hyphens and spaces, `O`
 * for `0`, `I` and `L` for `1`, or a whole link with `#code=`. It must not know whether a code is good.
 */

const CHARACTERS = 12;
const GROUP = 4;
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * @typedef {object} TypedCode
 * @property {string} text grouped, `XXXX-XXXX-XXXX`, as far as it goes
 * @property {number} missing characters until it is whole; negative if there are too many
 * @property {string | null} wrong the first character that no code has
 */

/**
 * @param {string} text
 * @returns {TypedCode}
 */
export function readActivationCode(text) {
  let characters = '';
  let wrong = null;
  for (const typed of fromLink(text).toUpperCase()) {
    if (/[\s\u2010-\u2015_.-]/.test(typed)) continue;
    const meant = typed === 'O' ? '0' : typed === 'I' || typed === 'L' ? '1' : typed;
    if (ALPHABET.includes(meant)) characters += meant;
    else wrong ??= typed;
  }
  return { text: grouped(characters), missing: CHARACTERS - characters.length, wrong };
}

/**
 * The code in a scanned text, or null if it holds none.
 * @param {string} text
 */
export function scannedActivationCode(text) {
  const { text: code, missing, wrong } = readActivationCode(text);
  return missing === 0 && !wrong ? code : null;
}

/** @param {string} text */
function fromLink(text) {
  const at = text.indexOf('#');
  if (at < 0) return text;
  return new URLSearchParams(text.slice(at + 1)).get('code') ?? text;
}

/** @param {string} characters */
function grouped(characters) {
  return (characters.match(new RegExp(`.{1,${GROUP}}`, 'g')) ?? []).join('-');
}
