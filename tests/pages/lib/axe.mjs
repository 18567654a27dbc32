/** The accessibility checker on a page as it is at the moment. */
import { axeSource } from './packages.mjs';
import { Findings } from './runner.mjs';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * What axe finds, one line each; empty when all is well.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string[]>}
 */
export async function violations(page) {
  await load(page);
  const found = await page.evaluate(async (tags) => {
    /** @type {typeof import('axe-core')} */
    const axe = /** @type {any} */ (globalThis).axe;
    const results = await axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      resultTypes: ['violations'],
      // What stands in a frame is looked at where it is a page of its own.
      iframes: false,
    });
    return results.violations.map((violation) => {
      const places = violation.nodes.slice(0, 3).map((node) => {
        const why = [...node.any, ...node.all, ...node.none].map((check) => check.message);
        return `${node.target.join(' ')} (${why.slice(0, 2).join('; ')})`;
      });
      return `axe ${violation.id}: ${violation.help}: ${places.join(' | ')}`;
    });
  }, TAGS);
  return found;
}

/**
 * Fails when axe finds something.
 * @param {import('playwright-core').Page} page
 * @param {string} where named in the failure
 */
export async function assertAccessible(page, where) {
  const found = await violations(page);
  if (found.length > 0) throw new Findings(found.map((fault) => `${where}: ${fault}`));
}

/**
 * The page's policy forbids foreign scripts, so the checker comes in through the debugger's door.
 * @param {import('playwright-core').Page} page
 */
async function load(page) {
  if (await page.evaluate(() => 'axe' in globalThis)) return;
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: `${axeSource}; void 0` });
  await session.detach();
}
