/** Where things are: the repository, what was built, and where results go. */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { existsSync } from 'node:fs';

/** The repository's root. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What cargo builds into, and where the tests leave theirs. */
export const target = process.env.BATZEN_TARGET ?? join(root, 'target');

/** The served root of the pages. */
export const site = join(root, 'crates/pages/site');

/** The folder with the test packages, made by `npm ci`. */
export const packages = join(target, 'test-node');

/** Screenshots of every screen, for looking at. */
export const screenshots = join(target, 'page-screenshots');

/** The few screenshots that README and docs show. */
export const pictures = join(root, 'docs/images/pages');

/** The program under test. */
export const batzen = process.env.BATZEN_BIN ?? join(target, 'release/batzen');

/** The browser: as packaged by the system. */
export const chromium = firstThatExists(
  process.env.BATZEN_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
);

/** @param {...(string | undefined)} paths */
function firstThatExists(...paths) {
  return paths.find((path) => path !== undefined && existsSync(path)) ?? '/usr/bin/chromium';
}
