/**
 * What is said when the server refuses something about devices: where the wallet itself may not ask any more, that comes
 * before everything else.
 */
import { faultKind, faultText, fillsScreen } from '../faults.js';

/** @typedef {import('../types.js').App} App */

/**
 * @param {App} app
 * @param {unknown} error
 * @param {(words: string) => void} show where it can be tried again
 */
export function failed(app, error, show) {
  const kind = faultKind(error);
  if (isBarred(app)) return app.go('locked');
  if (fillsScreen(kind) && kind !== 'unexpected') return app.go('fault', { kind, retry: () => app.go('devices') });
  show(faultText(kind));
}

/** Whether this wallet may not speak for the customer any more. @param {App} app */
export function isBarred(app) {
  return app.engine.view().standing !== 'active';
}
