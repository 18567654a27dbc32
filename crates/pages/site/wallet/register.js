/**
 * Registers the service worker, which makes the page start without a network, and says when a new version waits.
 * It must not know any screen.
 */

const WORKER_URL = '/wallet/sw.js';
const VERSION_WAIT_MS = 1000;

/** @typedef {{ createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown } }} TrustedTypes */

/**
 * @param {(useIt: () => void) => void} onUpdate called with what switches to the new version
 */
export async function registerWorker(onUpdate) {
  if (!('serviceWorker' in navigator)) return;
  try {
    const registration = await navigator.serviceWorker.register(trustedUrl(), { scope: '/wallet/' });
    const offer = () => {
      const { waiting } = registration;
      // The very first worker replaces nobody: there is nothing to tell.
      if (waiting && navigator.serviceWorker.controller) onUpdate(() => switchTo(waiting));
    };
    offer();
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', offer);
    });
  } catch {
    // Without a worker the wallet works as long as there is a network; the browser has said why in its console.
  }
}

/**
 * The version that serves this page; `dev` if none does.
 * @returns {Promise<string>}
 */
export function workerVersion() {
  return new Promise((resolve) => {
    const worker = navigator.serviceWorker?.controller;
    if (!worker) return resolve('dev');
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event) => resolve(String(event.data));
    setTimeout(() => resolve('dev'), VERSION_WAIT_MS);
    worker.postMessage({ ask: 'version' }, [port2]);
  });
}

/** @param {ServiceWorker} waiting */
function switchTo(waiting) {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  waiting.postMessage({ ask: 'takeOver' });
}

/** A worker's address is script: where the browser knows Trusted Types, a policy must vouch for it. */
function trustedUrl() {
  const types = /** @type {{ trustedTypes?: TrustedTypes }} */ (/** @type {unknown} */ (window)).trustedTypes;
  if (!types) return WORKER_URL;
  const policy = types.createPolicy('batzen', {
    createScriptURL(url) {
      if (url !== WORKER_URL) throw new TypeError('no other script is vouched for');
      return url;
    },
  });
  return /** @type {string} */ (policy.createScriptURL(WORKER_URL));
}
