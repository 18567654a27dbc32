/**
 * The wallet's service worker: keeps every file that the page needs, so that it starts and pays without a network,
 * after a restart too. The server writes the list of files and a hash of their content into the two marks below.
 * It must not touch the API or the bank, and knows nothing of what the files do.
 */

/** @type {string[]} */
const FILES = /*FILES*/[];
/** @type {string} */
const VERSION = /*VERSION*/'dev';

const CACHE_PREFIX = 'batzen-wallet-';
const CACHE_NAME = CACHE_PREFIX + VERSION;
const START = '/wallet/';
/** Where files come from that are kept at their first use, such as the scanner. Everything else is the network's. */
const KEPT_FOLDERS = ['/wallet/', '/shared/', '/wasm/'];

/**
 * What is used of a worker's own scope; the type checker knows only the one of pages.
 * @typedef {Event & { waitUntil(work: Promise<unknown>): void }} Extendable
 * @typedef {Extendable & { request: Request, respondWith(response: Promise<Response>): void }} FetchLike
 * @typedef {Extendable & { data: { ask?: string } | null, ports: MessagePort[] }} MessageLike
 * @typedef {object} WorkerScope
 * @property {(type: string, listener: (event: any) => void) => void} addEventListener
 * @property {() => Promise<void>} skipWaiting
 * @property {{ claim(): Promise<void> }} clients
 */
const worker = /** @type {WorkerScope} */ (/** @type {unknown} */ (self));

worker.addEventListener('install', (/** @type {Extendable} */ event) => {
  event.waitUntil(keepAll());
});

worker.addEventListener('activate', (/** @type {Extendable} */ event) => {
  event.waitUntil(dropOld().then(() => worker.clients.claim()));
});

worker.addEventListener('fetch', (/** @type {FetchLike} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (url.pathname.startsWith(START)) event.respondWith(keptOrFetched(START, request));
    return;
  }
  if (KEPT_FOLDERS.some((folder) => url.pathname.startsWith(folder))) {
    event.respondWith(keptOrFetched(url.pathname, request));
  }
});

worker.addEventListener('message', (/** @type {MessageLike} */ event) => {
  if (event.data?.ask === 'version') event.ports[0]?.postMessage(VERSION);
  if (event.data?.ask === 'takeOver') event.waitUntil(worker.skipWaiting());
});

/** All or nothing: a version with a file missing would fail when there is no network to mend it. */
async function keepAll() {
  const cache = await caches.open(CACHE_NAME);
  // Past the browser's own cache, which may hold files of the version before.
  await cache.addAll(FILES.map((path) => new Request(path, { cache: 'reload' })));
}

async function dropOld() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE_NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
}

/**
 * @param {string} path what the file is kept under
 * @param {Request} request
 */
async function keptOrFetched(path, request) {
  const cache = await caches.open(CACHE_NAME);
  const kept = await cache.match(path);
  if (kept) return kept;
  const fetched = await fetch(request);
  // A start page that was only reached by way of another address would not be taken for a navigation.
  if (fetched.status === 200 && !fetched.redirected) await cache.put(path, fetched.clone());
  return fetched;
}
