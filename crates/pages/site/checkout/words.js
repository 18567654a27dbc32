/**
 * The checkout's words, with their keys checked by type. Must not know screens.
 */

import { setMessages, t } from '/shared/i18n.js';
import de from './messages/de.js';
import en from './messages/en.js';
import fr from './messages/fr.js';
import it from './messages/it.js';

/** @typedef {import('./types').WordKey} WordKey */

setMessages({ en, de, fr, it });

/**
 * @param {WordKey} key
 * @param {Record<string, string | number>} [params]
 */
export const m = (key, params) => t(key, params);
