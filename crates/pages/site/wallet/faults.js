/**
 * Which of the engine's faults need a screen of their own, and the words for the others. It must not know what
 * an engine does.
 */
import { hasWords, t } from '/shared/i18n.js';

/** @typedef {import('./types.js').FaultKind} FaultKind */

/**
 * What went wrong, of whatever was thrown.
 * @param {unknown} error
 * @returns {FaultKind}
 */
export function faultKind(error) {
  const kind = error instanceof Error ? /** @type {{ kind?: unknown }} */ (/** @type {unknown} */ (error)).kind : null;
  return /** @type {FaultKind} */ (typeof kind === 'string' ? kind : 'unexpected');
}

/**
 * Whether a fault fills a screen: it concerns the whole wallet and not what was just entered.
 * @param {FaultKind} kind
 */
export function fillsScreen(kind) {
  return hasWords(`fault.${kind}.title`);
}

/**
 * What happened and what to do, in a line or two.
 * @param {FaultKind} kind
 * @returns {string}
 */
export function faultText(kind) {
  if (fillsScreen(kind)) return `${t(`fault.${kind}.what`)} ${t(`fault.${kind}.do`)}`;
  return hasWords(`fault.${kind}`) ? t(`fault.${kind}`) : faultText('unexpected');
}
