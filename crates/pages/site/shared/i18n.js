/**
 * Words, numbers, money and dates in the person's language: English, German, French, Italian.
 * A page hands in its four message files once; words that all pages share come with this module.
 * It must not know any screen: it formats, and says when the language changed.
 */
import { h } from './dom.js';
import shared from './messages.js';

/** @typedef {'en' | 'de' | 'fr' | 'it'} Language */
/** @typedef {{ [key: string]: string | Messages }} Messages */
/** @typedef {Record<string, string | number>} Params */

/** @type {readonly Language[]} */
export const LANGUAGES = ['en', 'de', 'fr', 'it'];
const STORED_AS = 'batzen.language';

/** @type {Record<Language, Map<string, string>>} */
const words = { en: new Map(), de: new Map(), fr: new Map(), it: new Map() };
/** @type {Set<(code: Language) => void>} */
const followers = new Set();

for (const code of LANGUAGES) flatten(shared[code], '', words[code]);
let current = startingLanguage();
document.documentElement.lang = current;

/**
 * Adds a page's words to the shared ones. Messages may be flat or nested: `{a: {b: ''}}` is `a.b`.
 * @param {Record<Language, Messages>} messages
 */
export function setMessages(messages) {
  for (const code of LANGUAGES) flatten(messages[code], '', words[code]);
}

/** @returns {Language} */
export function language() {
  return current;
}

/**
 * Changes the language, remembers it for the next visit, and tells those who follow.
 * @param {Language} code
 */
export function setLanguage(code) {
  if (!LANGUAGES.includes(code)) return;
  try {
    localStorage.setItem(STORED_AS, code);
  } catch {
    // Storage that is closed to us only means that the choice lasts as long as the page.
  }
  if (code !== current) adopt(code);
}

/**
 * Calls `fn` after each change of the language; what comes back ends it.
 * @param {(code: Language) => void} fn
 * @returns {() => void}
 */
export function onLanguage(fn) {
  followers.add(fn);
  return () => followers.delete(fn);
}

/**
 * The words for `key` with `{name}` replaced by `params.name`. If `params.count` is given, the key
 * with `_one` or `_other` behind it is taken, as the language wants it; the count reads well in
 * the text because numbers are formatted.
 * @param {string} key
 * @param {Params} [params]
 * @returns {string}
 */
export function t(key, params) {
  const text = find(key, params?.count) ?? key;
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (hole, name) => {
    const value = params[name];
    if (value === undefined) return hole;
    return typeof value === 'number' ? number(value) : value;
  });
}

/**
 * Whether there are words for `key`: for keys made of what a server said.
 * @param {string} key
 */
export function hasWords(key) {
  return words[current].has(key);
}

/**
 * The locale that numbers and dates follow: the browser's own if it has the language with a
 * region, else the Swiss one. A bare `de` says nothing about how a number is written.
 * @returns {string}
 */
export function locale() {
  const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(`${current}-`));
  return own ?? `${current}-CH`;
}

/**
 * @param {number} amountMinor
 * @param {string} currency ISO 4217
 * @returns {string} with the currency, e.g. "CHF 12.50"
 */
export function money(amountMinor, currency) {
  const style = new Intl.NumberFormat(locale(), { style: 'currency', currency, currencyDisplay: 'code' });
  return style.format(amountMinor / 10 ** minorDigits(currency));
}

/**
 * The same without the currency, for where it stands beside it.
 * @param {number} amountMinor
 * @param {string} currency ISO 4217
 * @returns {string}
 */
export function moneyNumber(amountMinor, currency) {
  const digits = minorDigits(currency);
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), style).format(amountMinor / 10 ** digits);
}

/**
 * How many digits a currency has behind its point: 2 for CHF, 0 for JPY.
 * @param {string} currency ISO 4217
 * @returns {number}
 */
export function minorDigits(currency) {
  const style = new Intl.NumberFormat('en', { style: 'currency', currency });
  return style.resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * @param {number} n
 * @param {Intl.NumberFormatOptions} [options]
 */
export function number(n, options) {
  return new Intl.NumberFormat(locale(), options).format(n);
}

/** @param {number} atMs */
export function dateTime(atMs) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(atMs);
}

/** @param {number} atMs */
export function time(atMs) {
  return new Intl.DateTimeFormat(locale(), { timeStyle: 'short' }).format(atMs);
}

/** @param {number} atMs */
export function day(atMs) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'long' }).format(atMs);
}

/**
 * A select with the four languages, each in its own words.
 * @returns {HTMLElement}
 */
export function languagePicker() {
  const options = LANGUAGES.map((code) => h('option', { value: code, lang: code }, shared[code].language.own));
  const select = h('select', {
    value: current,
    'aria-label': t('language.label'),
    onchange: () => setLanguage(/** @type {Language} */ (select.value)),
  }, options);
  return h('span', { class: 'language-picker' }, select);
}

/**
 * @param {string} key
 * @param {string | number | undefined} count
 */
function find(key, count) {
  const own = words[current];
  if (typeof count !== 'number') return own.get(key) ?? words.en.get(key);
  const form = new Intl.PluralRules(locale()).select(count);
  return own.get(`${key}_${form}`) ?? own.get(`${key}_other`) ?? own.get(key) ?? words.en.get(`${key}_other`);
}

/** @param {Language} code */
function adopt(code) {
  current = code;
  document.documentElement.lang = code;
  for (const fn of [...followers]) fn(code);
}

// The same person's other tabs and frames follow, as one choice holds for all pages of an origin.
window.addEventListener('storage', (event) => {
  const code = /** @type {Language} */ (event.newValue);
  if (event.key === STORED_AS && LANGUAGES.includes(code) && code !== current) adopt(code);
});

/** @returns {Language} */
function startingLanguage() {
  const asked = new URLSearchParams(location.search).get('lang');
  const wishes = [asked, stored(), ...navigator.languages];
  for (const wish of wishes) {
    const code = /** @type {Language} */ (wish?.slice(0, 2).toLowerCase());
    if (LANGUAGES.includes(code)) return code;
  }
  return 'en';
}

function stored() {
  try {
    return localStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}

/**
 * @param {Messages} messages
 * @param {string} prefix
 * @param {Map<string, string>} into
 */
function flatten(messages, prefix, into) {
  for (const [key, value] of Object.entries(messages)) {
    if (typeof value === 'string') into.set(prefix + key, value);
    else flatten(value, `${prefix}${key}.`, into);
  }
}
