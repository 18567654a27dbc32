/** Finding one's way in a page by the hooks that its screens carry: `data-screen` and `data-action`. */

/** @typedef {import('playwright-core').Page | import('playwright-core').Frame} View */

/**
 * Waits until one of these screens stands, and says which.
 * @param {View} view
 * @param {...string} names a name, or `name[data-…]` when the screen must also say something
 * @returns {Promise<string>}
 */
export async function screen(view, ...names) {
  const selectors = names.map((name) => {
    const [, word, rest = ''] = /^([\w-]+)(.*)$/.exec(name) ?? [];
    return `[data-screen="${word}"]${rest}`;
  });
  try {
    await view.locator(selectors.join(', ')).first().waitFor();
  } catch (error) {
    throw new Error(`waited for ${names.join(' or ')}, but the page shows ${await shown(view)}`, { cause: error });
  }
  const found = await view.locator('[data-screen]').first().getAttribute('data-screen');
  return found ?? '';
}

/**
 * Waits until something can be seen on a screen.
 * @param {View} view
 * @param {string} selector
 * @param {string} [text] that it must contain
 */
export async function see(view, selector, text) {
  try {
    await view.locator(selector, text === undefined ? {} : { hasText: text }).first().waitFor();
  } catch (error) {
    throw new Error(`waited for ${selector} ${text ?? ''}, but the page shows ${await shown(view)}`, { cause: error });
  }
}

/**
 * Presses a button of the screen, as a finger or a mouse does.
 * @param {View} view
 * @param {string} action
 * @param {string} [of] which one, where several have the same action
 */
export async function press(view, action, of) {
  const button = view.locator(`[data-action="${action}"]${of === undefined ? '' : `[data-of="${of}"]`}`).first();
  try {
    await button.click();
  } catch (error) {
    throw new Error(`could not press ${action}; the page shows ${await shown(view)}`, { cause: error });
  }
}

/**
 * The screen's name and its words, for a test that fails. Input fields are not read, so no secret is shown.
 * @param {View} view
 * @returns {Promise<string>}
 */
export async function shown(view) {
  try {
    return await view.evaluate(() => {
      const element = /** @type {HTMLElement | null} */ (document.querySelector('[data-screen]'));
      const words = (element ?? document.body).innerText.replace(/\s+/g, ' ').slice(0, 400);
      return `"${element?.dataset.screen ?? 'no screen'}" at ${location.pathname}: ${words}`;
    });
  } catch (error) {
    return `nothing: ${error instanceof Error ? error.message : error}`;
  }
}

/**
 * The number that a screen carries in an attribute.
 * @param {View} view
 * @param {string} selector
 * @param {string} attribute
 */
export async function numberIn(view, selector, attribute) {
  return Number(await view.locator(selector).first().getAttribute(attribute));
}
