/**
 * What a page must not do, whatever the test is about: say an error on the console, throw, break its content
 * security policy, or ask any other origin for anything.
 */

import { Findings } from './runner.mjs';

/** The browser itself says this of every answer that is not a success; a page cannot prevent it. */
const UNAVOIDABLE = /^Failed to load resource: (net::ERR_|the server responded with a status of [45]\d\d)/;

export class Watch {
  /** @type {string[]} */
  #faults = [];

  /**
   * Watches every page and worker of a browser context.
   * @param {import('playwright-core').BrowserContext} context
   * @param {string} origin the only one that may be asked
   */
  constructor(context, origin) {
    context.on('request', (request) => {
      const url = request.url();
      const isOwn = url.startsWith(`${origin}/`) || /^(data|blob|about):/.test(url);
      if (!isOwn) this.#faults.push(`a request left the origin: ${url}`);
    });
    context.on('console', (message) => {
      if (message.type() !== 'error' || UNAVOIDABLE.test(message.text())) return;
      this.#faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (event) => {
      const { message, stack = '' } = event.error();
      this.#faults.push(`thrown: ${message} ${stack}`);
    });
  }

  /** What was seen since `assertClean`, and nothing else. */
  get faults() {
    return [...new Set(this.#faults)];
  }

  /** Fails when something was seen since the last call. */
  assertClean() {
    const faults = this.#faults.splice(0);
    if (faults.length > 0) throw new Findings([...new Set(faults)]);
  }
}
