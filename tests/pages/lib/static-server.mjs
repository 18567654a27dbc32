/**
 * Serves the pages' folder with the policy they run under, and beside each app its gallery: the app's own
 * document, in which the gallery's script stands instead of the app's.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { site } from './places.mjs';

/** The gallery of an app is at `/APP/gallery`. */
const GALLERY = /^\/(wallet|checkout)\/gallery$/;
const GALLERY_SCRIPT = '/gallery-page.js';

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join('; ');

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/** @returns {Promise<{ origin: string, close: () => void }>} */
export function serveSite() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const answer = content(pathname);
    if (answer === null) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[extname(answer.name)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(answer.body);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      resolve({ origin: `http://localhost:${port}`, close: () => server.close() });
    });
  });
}

/** @param {string} pathname @returns {{ name: string, body: string | Buffer } | null} */
function content(pathname) {
  const gallery = GALLERY.exec(pathname)?.[1];
  try {
    if (gallery !== undefined) return { name: 'gallery.html', body: galleryDocument(gallery) };
    if (pathname === GALLERY_SCRIPT) {
      return { name: pathname, body: readFileSync(fileURLToPath(new URL('gallery-page.js', import.meta.url))) };
    }
    const path = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    return { name: path, body: readFileSync(join(site, path)) };
  } catch {
    return null; // no such file
  }
}

/** @param {string} app */
function galleryDocument(app) {
  const own = readFileSync(join(site, app, 'index.html'), 'utf8');
  const withoutScripts = own.replace(/<script\b[^>]*><\/script>\s*/g, '');
  return withoutScripts.replace('</head>', `<script type="module" src="${GALLERY_SCRIPT}"></script></head>`);
}
