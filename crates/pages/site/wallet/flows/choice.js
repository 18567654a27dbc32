/**
 * What the next code will be for: the customer's wish, or else what the wallet takes by itself.
 */

/** @typedef {import('../types.js').App} App */

/** @param {App} app */
export function activeMethods(app) {
  return app.engine.view().methods.filter((method) => method.state === 'active');
}

/**
 * The method that pays unless another is chosen.
 * @param {App} app
 * @returns {import('../types.js').Method | null}
 */
export function chosenMethod(app) {
  const methods = activeMethods(app);
  return methods.find((method) => method.slot === app.wish.slot) ?? methods[0] ?? null;
}

/**
 * Whether there is a network, as far as anybody knows: before the first try the benefit of the doubt.
 * @param {App} app
 */
export function seemsOnline(app) {
  return app.engine.view().isOnline || (!app.hasAsked && navigator.onLine);
}

/** @param {App} app */
export function chosenCapMinor(app) {
  return app.wish.capMinor ?? app.engine.view().defaultCapMinor;
}
