/**
 * WebKit, driven by its own driver over the W3C protocol, on a screen that nobody sees. It has the few things
 * that a person does on a page; each session begins with an empty profile.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const PATIENCE_MS = 45_000;
const LOOK_EVERY_MS = 50;
/** The key under which the protocol hands elements out (W3C WebDriver, chapter 12). */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

export class WebKit {
  /** @type {import('node:child_process').ChildProcess[]} */
  #processes = [];
  #driver = '';
  #session = '';

  static async open() {
    const webkit = new WebKit();
    try {
      const display = await webkit.#startScreen();
      await webkit.#startDriver(display);
      return webkit;
    } catch (error) {
      await webkit.close();
      throw error;
    }
  }

  /** @param {string} url */
  async goto(url) {
    await this.#ask('POST', 'url', { url });
  }

  /**
   * Waits until one of these stands on the page, and says which.
   * @param {...string} selectors
   */
  async waitFor(...selectors) {
    const giveUpAt = Date.now() + PATIENCE_MS;
    const look = 'return arguments[0].find((one) => document.querySelector(one) !== null) ?? null';
    for (;;) {
      const found = await this.run(look, selectors);
      if (typeof found === 'string') return found;
      if (Date.now() > giveUpAt) {
        const words = await this.run('return `${location.pathname}: ${document.body.innerText.slice(0, 400)}`');
        throw new Error(`waited for ${selectors.join(' or ')}, but the page shows ${words}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** @param {string} selector */
  click(selector) {
    return this.#act(selector, 'click', {});
  }

  /** @param {string} selector @param {string} text */
  type(selector, text) {
    return this.#act(selector, 'value', { text });
  }

  /**
   * Looks at the page.
   * @param {string} script
   * @param {...unknown} args
   * @returns {Promise<unknown>}
   */
  run(script, ...args) {
    return this.#ask('POST', 'execute/sync', { script, args });
  }

  /** What the window shows, as a PNG. */
  async picture() {
    return Buffer.from(await this.#ask('GET', 'screenshot'), 'base64');
  }

  async close() {
    if (this.#session !== '') await this.#ask('DELETE', '').catch(() => {});
    for (const child of this.#processes.reverse()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.kill()) await ended;
    }
    this.#processes = [];
  }

  /** @returns {Promise<string>} the screen's name */
  #startScreen() {
    // It picks a free number itself, and writes it to the third channel.
    const screen = ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'];
    const child = spawn('Xvfb', screen, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
    this.#processes.push(child);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)));
      child.stdio[3]?.once('data', (number) => resolve(`:${String(number).trim()}`));
    });
  }

  /** @param {string} display */
  async #startDriver(display) {
    const port = await freePort();
    const environment = { ...process.env, DISPLAY: display };
    const child = spawn('WebKitWebDriver', [`--port=${port}`], { env: environment, stdio: 'ignore' });
    this.#processes.push(child);
    const hasFailed = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`WebKitWebDriver ended with ${code}`)));
    });
    hasFailed.catch(() => {});
    this.#driver = `http://127.0.0.1:${port}`;
    const begun = /** @type {Promise<{ sessionId: string }>} */ (Promise.race([this.#begin(), hasFailed]));
    this.#session = (await begun).sessionId;
    await this.#ask('POST', 'window/rect', { width: 480, height: 1000 });
  }

  /** The driver opens a moment after it has been started. */
  async #begin() {
    const giveUpAt = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await request(`${this.#driver}/session`, 'POST', { capabilities: {} });
      } catch (error) {
        if (!(error instanceof TypeError) || Date.now() > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    }
  }

  /** @param {string} selector @param {string} what @param {object} body */
  async #act(selector, what, body) {
    for (;;) {
      await this.waitFor(selector);
      const found = await this.#ask('POST', 'element', { using: 'css selector', value: selector });
      try {
        return await this.#ask('POST', `element/${found[ELEMENT]}/${what}`, body);
      } catch (error) {
        // The page drew the screen anew in between: the new one has the same button.
        if (!String(error).includes('stale element')) throw error;
      }
    }
  }

  /** @param {string} method @param {string} what @param {object} [body] */
  #ask(method, what, body) {
    return request(`${this.#driver}/session/${this.#session}/${what}`.replace(/\/$/, ''), method, body);
  }
}

/**
 * @param {string} url
 * @param {string} method
 * @param {object} [body]
 * @returns {Promise<any>}
 */
async function request(url, method, body) {
  const answer = await fetch(url, { method, body: body === undefined ? null : JSON.stringify(body) });
  const { value } = /** @type {{ value: any }} */ (await answer.json());
  if (!answer.ok) throw new Error(`${method} ${new URL(url).pathname}: ${value?.error}: ${value?.message}`);
  return value;
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
