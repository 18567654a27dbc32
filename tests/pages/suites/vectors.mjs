/**
 * Every vector of the specification, checked by our code in WebAssembly: in Node and in Chromium. The module is made
 * by `cargo xtask test` from the crate `vectors-wasm`; it is not what the pages load, but the same code.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { playwright } from '../lib/packages.mjs';
import { chromium, root, target } from '../lib/places.mjs';
import { Findings } from '../lib/runner.mjs';

/** Fewer would mean that some were not found. */
const VECTORS_MIN = 350;
const MODULE = join(target, 'wasm/vectors');

/** @typedef {{ path: string, json: string }} Vector */

/** @param {import('../lib/runner.mjs').Tests} tests */
export async function vectors(tests) {
  const all = readVectors();
  await tests.test('vectors: in Node', async () => {
    const door = await import(pathToFileURL(join(MODULE, 'vectors.js')).href);
    const bytes = readFileSync(join(MODULE, 'vectors_bg.wasm'));
    await door.default({ module_or_path: bytes });
    report(all.length, await checkAll(door, all));
  });
  await tests.test('vectors: in Chromium', () => inChromium(all));
}

/** @returns {Vector[]} */
function readVectors() {
  const folder = join(root, 'spec/vectors');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => ({
    path: name.replaceAll('\\', '/'), json: readFileSync(join(folder, name), 'utf8'),
  }));
}

/**
 * Runs in Node and, as text, in the page: it may use nothing from outside.
 * @param {any} door
 * @param {Vector[]} all
 * @returns {string[]} what went wrong
 */
function checkAll(door, all) {
  for (const { path, json } of all) {
    try {
      door.check(path, json);
    } catch (error) {
      // The module is of no use after that.
      return [`${path}: ${door.last_panic() || error}`];
    }
  }
  return [];
}

/** @param {Vector[]} all */
async function inChromium(all) {
  const server = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    const isKnown = ['vectors.js', 'vectors_bg.wasm'].includes(name);
    const type = name.endsWith('.js') ? 'text/javascript' : name.endsWith('.wasm') ? 'application/wasm' : 'text/html';
    response.setHeader('content-type', type);
    response.end(isKnown ? readFileSync(join(MODULE, name)) : '<!doctype html><title>vectors</title>');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const browser = await playwright.chromium.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    const found = await page.evaluate(
      async ({ vectors: list, check }) => {
        const door = await import(/** @type {string} */ ('/vectors.js'));
        await door.default();
        return (0, eval)(`(${check})`)(door, list);
      },
      { vectors: all, check: checkAll.toString() },
    );
    report(all.length, found);
  } finally {
    await browser.close();
    server.close();
  }
}

/**
 * @param {number} count
 * @param {string[]} found
 */
function report(count, found) {
  if (count < VECTORS_MIN) throw new Findings([`only ${count} vectors were found`]);
  if (found.length > 0) throw new Findings(found);
}
