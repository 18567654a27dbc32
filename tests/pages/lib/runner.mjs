/**
 * A very small test runner: tests run in order, one line each, and the last line is the sum that
 * `cargo xtask test` reads. It knows nothing of pages.
 */

/** @typedef {() => Promise<void> | void} Body */
/** @typedef {(step: string, body: Body) => Promise<void>} Step */

/** What a test found wrong with a page: where in the test that was is of no interest. */
export class Findings extends Error {
  /** @param {string[]} found */
  constructor(found) {
    super(found.join('\n'));
  }
}

export class Tests {
  passed = 0;
  /** @type {string[]} */
  failures = [];

  /**
   * Runs one test. Never throws: what went wrong is printed and counted.
   * @param {string} name
   * @param {Body} body
   * @returns {Promise<boolean>} whether it passed
   */
  async test(name, body) {
    const startedMs = performance.now();
    const took = () => `${((performance.now() - startedMs) / 1000).toFixed(1)} s`;
    try {
      await body();
      this.passed += 1;
      console.log(`ok      ${name} (${took()})`);
      return true;
    } catch (error) {
      this.failures.push(name);
      const words = wordsOf(error);
      console.log(`FAILED  ${name} (${took()})\n        ${words.trimEnd().split('\n').join('\n        ')}`);
      return false;
    }
  }

  /**
   * A row of steps that build on each other: after one fails, the others fail without being tried.
   * @param {string} name
   * @param {() => string[]} [explain] what else is known when a step fails
   */
  chain(name, explain = () => []) {
    let isBroken = false;
    /** @type {Step} */
    return async (step, body) => {
      const attempt = () => {
        if (isBroken) throw 'not tried: an earlier step failed';
        return body();
      };
      const hasPassed = await this.test(`${name}: ${step}`, attempt);
      if (!hasPassed && !isBroken) for (const line of explain()) console.log(`        ${line}`);
      isBroken ||= !hasPassed;
    };
  }

  /** Prints the sum, alone on the last line, and gives the code that the process should end with. */
  finish() {
    for (const name of this.failures) console.log(`failed: ${name}`);
    console.log(`${this.passed} passed, ${this.failures.length} failed`);
    return this.failures.length === 0 ? 0 : 1;
  }
}

/** @param {unknown} error */
function wordsOf(error) {
  if (error instanceof Findings) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
