/**
 * The browser's offer to install the page, which may be used once.
 */

/** @param {import('../types.js').App} app */
export async function offerInstall(app) {
  const offer = app.installOffer;
  app.installOffer = null;
  await offer?.prompt().catch(() => {});
  app.stage.redraw();
}
