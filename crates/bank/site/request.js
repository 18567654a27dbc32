/**
 * What brought the customer here, read from the page's address, and the rule where the customer may be sent back.
 * Judged by the browser's own URL parser; the bank judges again, by its own rule and list. Knows no screens.
 */

/**
 * Where the customer goes back to.
 * @typedef {object} Way
 * @property {string} href what the browser is sent to
 * @property {string} told what the bank is asked about: a path if it is the page's own origin
 * @property {boolean} isOwn whether it is the page's own origin
 */

/**
 * @typedef {{ kind: 'malformed' }
 *   | { kind: 'refused', partner: string }
 *   | { kind: 'good', link: string, partner: string, way: Way }} Asked
 */

/** The names that the bank takes. */
const NAME = /^[A-Za-z0-9_.:-]{1,64}$/;
/** One slash, or http(s) in full; then nothing that a URL parser drops or turns around: no space, control or `\`. */
const PLAIN = /^(?:https?:\/\/|\/(?!\/))[\x21-\x5b\x5d-\x7e]*$/;
const LENGTH_MAX = 512;

/**
 * @param {string} text
 * @param {string} pageHref
 * @returns {Way | null} null if nobody may be sent there
 */
export function readReturn(text, pageHref) {
  const page = new URL(pageHref);
  if (text.length > LENGTH_MAX || !PLAIN.test(text) || /[?#@%]/.test(text)) return null;
  const url = parse(text, page);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return null;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return null;
  const isOwn = url.origin === page.origin;
  if (text.startsWith('/') && !isOwn) return null;
  return { href: url.href, told: isOwn ? url.pathname : url.href, isOwn };
}

/**
 * @param {string} pageHref
 * @returns {Asked}
 */
export function readRequest(pageHref) {
  const query = new URL(pageHref).searchParams;
  const only = (/** @type {string} */ name) => (query.getAll(name).length === 1 ? query.get(name) : null);
  const [link, partner, back] = [only('link'), only('partner'), only('return')];
  if (link === null || partner === null || back === null) return { kind: 'malformed' };
  if (!NAME.test(link) || !NAME.test(partner)) return { kind: 'malformed' };
  const way = readReturn(back, pageHref);
  return way === null ? { kind: 'refused', partner } : { kind: 'good', link, partner, way };
}

/**
 * The address with its news in the fragment, which browsers send to no server.
 * @param {Way} way
 * @param {Record<string, string>} news
 */
export function withNews(way, news) {
  return `${way.href}#${new URLSearchParams(news)}`;
}

/**
 * @param {string} text
 * @param {URL} page
 */
function parse(text, page) {
  try {
    return new URL(text, page);
  } catch {
    return null;
  }
}
