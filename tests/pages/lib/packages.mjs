/** The test packages, loaded from where they are installed: never from inside the repository's own folders. */
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages } from './places.mjs';

const require = createRequire(join(packages, 'package.json'));

/** @type {typeof import('playwright-core')} */
export const playwright = require('playwright-core');

/** The accessibility checker, as text to run inside a page. */
export const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
