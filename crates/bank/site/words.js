/**
 * The page's language: which one, its texts with their places filled, its number form. Knows no screens.
 */
import messages from './messages.js';

/** @typedef {keyof typeof messages} Language */
/** @typedef {keyof typeof messages.en} Key */

/**
 * @typedef {object} Words
 * @property {Language} language
 * @property {(key: Key, places?: Record<string, string>) => string} t
 * @property {(amountMinor: number, currency: string) => string} money
 */

/** @type {Record<Language, string>} */
export const LANGUAGE_NAMES = { en: 'English', de: 'Deutsch', fr: 'Français', it: 'Italiano' };

/**
 * The language that the address asks for, else the first that the browser wants and we have.
 * @param {string} pageHref
 * @param {readonly string[]} wanted
 * @returns {Language}
 */
export function chooseLanguage(pageHref, wanted) {
  const asked = new URL(pageHref).searchParams.get('lang');
  const candidates = [asked ?? '', ...wanted].map((tag) => tag.slice(0, 2).toLowerCase());
  return candidates.find(isLanguage) ?? 'en';
}

/**
 * @param {string} code
 * @returns {code is Language}
 */
export function isLanguage(code) {
  return Object.hasOwn(messages, code);
}

/**
 * @param {Language} language
 * @param {readonly string[]} wanted the browser's locales: its own form of the language is kept
 * @returns {Words}
 */
export function wordsIn(language, wanted) {
  const locale = wanted.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? `${language}-CH`;
  return {
    language,
    t: (key, places = {}) =>
      messages[language][key].replace(/\{(\w+)\}/g, (place, name) => places[name] ?? place),
    money: (amountMinor, currency) => money(locale, amountMinor, currency),
  };
}

/**
 * @param {string} locale
 * @param {number} amountMinor
 * @param {string} currency
 */
function money(locale, amountMinor, currency) {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency, currencyDisplay: 'code' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** digits);
}
