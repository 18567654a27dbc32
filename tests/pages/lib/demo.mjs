/**
 * `batzen demo` as a process that tests start, kill and start again in the same folder. Nothing here talks
 * to the server: what is known about it is what the demo prints.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { batzen } from './places.mjs';

/** How long a start may take: keys are made, two services open. */
const OPEN_WITHIN_MS = 90_000;
/** The server, the bank's two doors and the pages take ports in a row. */
const PORTS_IN_A_ROW = 5;

/**
 * What the demo prints for programs; more may be there than is named here.
 * @typedef {{ pages_url: string }} Printed
 */

/**
 * What the people in the demo know: handed over outside the pages, as a letter and a label would be.
 * @typedef {object} Setup
 * @property {string} activation_code good for one phone
 * @property {string} customer_number at the bank
 * @property {string} bank_password
 * @property {string} till
 * @property {string} currency
 * @property {string} api_key
 */

export class Demo {
  /** @type {import('node:child_process').ChildProcess | null} */
  #process = null;
  #log = '';

  /** @param {string} folder @param {number} port */
  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
    /** @type {Printed | null} */
    this.printed = null;
  }

  /**
   * A demo in a fresh folder, on free ports, running until the scope ends.
   * @param {import('./scope.mjs').Keep} keep
   */
  static async start(keep) {
    const folder = mkdtempSync(join(tmpdir(), 'batzen-pages-'));
    const demo = keep(new Demo(folder, await freePorts(PORTS_IN_A_ROW)), (one) => one.end());
    await demo.start();
    return demo;
  }

  /** Where the pages are, without a slash at the end. */
  get origin() {
    return new URL(this.told.pages_url).origin;
  }

  /** What it printed at its last start. */
  get told() {
    if (this.printed === null) throw new Error('the demo has not started yet');
    return this.printed;
  }

  /** @returns {Promise<Setup>} with a fresh activation code */
  async setup() {
    const answer = await fetch(`${this.origin}/demo/setup`);
    if (!answer.ok) throw new Error(`/demo/setup answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  /**
   * What the operator does with `batzen admin`, at a desk of their own.
   * @param {...string} words
   * @returns {Promise<any>} what was printed
   */
  async operator(...words) {
    const { listen } = JSON.parse(readFileSync(join(this.folder, 'server/server.json'), 'utf8'));
    const port = String(listen).split(':').at(-1);
    const { stdout } = await promisify(execFile)(batzen, [
      '--json', 'admin', '--server', `https://localhost:${port}`, '--roots', join(this.folder, 'tls/roots.pem'),
      '--key', join(this.folder, 'server/operator.key'), ...words,
    ]);
    return JSON.parse(stdout);
  }

  /** Starts it, also after it was killed: the folder and the ports stay the same. */
  async start() {
    const child = spawn(batzen, ['--json', 'demo', '--dir', this.folder, '--port', String(this.port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stderr?.on('data', (text) => (this.#log += text));
    this.printed = await this.#read(child);
  }

  /** @param {import('node:child_process').ChildProcess} child @returns {Promise<Printed>} */
  #read(child) {
    return new Promise((resolve, reject) => {
      let text = '';
      const fail = (/** @type {string} */ why) => {
        clearTimeout(timer);
        reject(new Error(`batzen demo ${why}: ${text} ${this.#log}`));
      };
      const timer = setTimeout(() => fail('did not open in time'), OPEN_WITHIN_MS);
      child.once('error', (error) => fail(error.message));
      child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
      child.stdout?.on('data', (chunk) => {
        text += chunk;
        const printed = parsed(text);
        if (printed === null) return;
        clearTimeout(timer);
        resolve(printed);
      });
    });
  }

  /** Ends everything at once, as when the power fails: the demo and the services that it started. */
  async kill() {
    const child = this.#process;
    if (child?.pid === undefined) return;
    const services = childrenOf(child.pid);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    for (const pid of services) killQuietly(pid);
    await ended;
    this.#process = null;
  }

  /** Ends it as Ctrl-C does, and removes its folder. */
  async end() {
    const child = this.#process;
    if (child !== null && child.exitCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
    }
    this.#process = null;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What the demo and its services wrote, for a test that fails. */
  log() {
    return this.#log;
  }
}

/** @param {string} text @returns {Printed | null} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not all of it has come yet
  }
}

/**
 * The services are children of the demo; Linux says which.
 * @param {number} pid
 * @returns {number[]}
 */
function childrenOf(pid) {
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return listed.trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // elsewhere they end by themselves when the demo is gone
  }
}

/** @param {number} pid */
function killQuietly(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended already, together with the demo.
  }
}

/**
 * The first of some free ports in a row.
 * @param {number} count
 * @returns {Promise<number>}
 */
async function freePorts(count) {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 30_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
