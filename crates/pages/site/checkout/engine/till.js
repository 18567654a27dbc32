/**
 * The till: its set-up, its journal with the core's book of it, and the runs under way. Everything it knows about
 * a sale is in the journal first. Must not know screens, words or scanners.
 */

import { askWho, isRefusal, send } from './door.js';
import { drive } from './drive.js';
import { Fault, faultOf } from './fault.js';
import { Movements } from './movements.js';
import { openKey, sealKey } from './vault.js';

/** @typedef {import('../types').SaleView} SaleView */
/** @typedef {import('../types').Outcome} Outcome */
/** @typedef {import('../types').Entry} Entry */
/** @typedef {import('../types').Next} Next */
/** @typedef {import('../types').Run} Run */
/** @typedef {import('../types').Candidate} Candidate */
/** @typedef {import('../types').Settings} Settings */
/** @typedef {{ sale: SaleView, outcome: Outcome, end: Extract<Next, { do: 'end' }> }} Ending */
/**
 * What a caller may want to follow of a run.
 * @typedef {object} Watch
 * @property {(sale: SaleView) => void} [onSale] after each entry
 * @property {(next: Next) => void} [onNext] before each thing is done
 * @property {(entry: Entry, sale: SaleView) => void} [onKept] an entry is in the journal
 */

const FIRST_SALE = 1;
/** @type {Settings} */
const SETTINGS_AT_FIRST = { plan: 'capture', isMuted: false };

export class Till {
  /** @type {import('../types').Book | null} */
  #book = null;
  /** @type {Map<string, SaleView>} */
  #sales = new Map();
  /** @type {Map<string, { stop: AbortController, done: Promise<unknown> }>} */
  #active = new Map();
  #ordinal = 0;
  #apiKey = '';
  #isAdopting = false;
  /** Entries are kept one after the other, so that their order is the book's. @type {Promise<unknown>} */
  #writing = Promise.resolve();
  /** @type {Set<() => void>} */
  #followers = new Set();

  /**
   * @param {import('./store.js').Store} store
   * @param {import('../types').Core} core
   */
  constructor(store, core) {
    this.store = store;
    this.core = core;
    /** @type {import('../types').Setup | null} */
    this.setup = null;
    this.settings = SETTINGS_AT_FIRST;
    this.movements = new Movements();
    this.isReachable = true;
    this.isKeyRefused = false;
  }

  /** Reads what was kept; the book is what the journal says, nothing else. */
  async load() {
    this.settings = { ...SETTINGS_AT_FIRST, ...(await this.store.read('settings')) };
    const setup = await this.store.read('setup');
    if (!setup) return;
    const { sealed, ...shown } = setup;
    try {
      this.#apiKey = await openKey(sealed);
    } catch {
      throw new Fault('damaged', 'the key of this till cannot be opened');
    }
    await this.#openBook(shown.checkout);
    this.setup = shown;
  }

  /** @param {() => void} fn called after each change */
  follow(fn) {
    this.#followers.add(fn);
    return () => this.#followers.delete(fn);
  }

  /** All sales, oldest first. */
  sales() {
    return [...this.#sales.values()];
  }

  /** @param {string} sale */
  sale(sale) {
    return this.#sales.get(sale) ?? null;
  }

  /** What something is unfinished in, oldest first. */
  open() {
    return this.sales().filter((sale) => sale.is_open);
  }

  /** @param {string} sale */
  isBusy(sale) {
    return this.#active.has(sale);
  }

  get isOnline() {
    return navigator.onLine && this.isReachable;
  }

  /**
   * What the key stands for; nothing is kept yet.
   * @param {{ apiKey: string, till: string, currency: string }} wish
   * @returns {Promise<Candidate>}
   */
  async look({ apiKey, till, currency }) {
    const number = till.replaceAll(' ', '');
    if (number && !this.core.till_number(number)) throw new Fault('bad_till');
    const who = await askWho(apiKey);
    if (number && !who.tills.includes(number)) throw new Fault('till_unknown');
    return { ...who, apiKey, till: number || (who.tills[0] ?? ''), currency };
  }

  /**
   * Takes the candidate as what this till is from now on. Each checkout has a journal of its own.
   * @param {Candidate} candidate
   */
  async adopt({ apiKey, ...setup }) {
    if (this.#active.size > 0 || this.#isAdopting) throw new Fault('unfinished');
    this.#isAdopting = true;
    try {
      await this.store.keep('setup', { ...setup, sealed: await sealKey(apiKey) });
      await navigator.storage?.persist?.().catch(() => false);
      await this.#openBook(setup.checkout);
      this.#apiKey = apiKey;
      this.setup = setup;
    } finally {
      this.#isAdopting = false;
    }
    this.isKeyRefused = false;
    this.isReachable = true;
    this.#changed();
  }

  /** @param {Partial<Settings>} change */
  async set(change) {
    this.settings = { ...this.settings, ...change };
    await this.store.keep('settings', this.settings);
    this.#changed();
  }

  /** Asks whether the server is there and takes the key. */
  async check() {
    if (!this.setup) return;
    try {
      await askWho(this.#apiKey);
      this.#reached(true, false);
    } catch (thrown) {
      const isRefused = faultOf(thrown).kind === 'key_refused';
      this.#reached(isRefused, isRefused);
    }
  }

  /**
   * Begins a sale with a scanned code, and goes on to its end.
   * @param {import('../types').Order} order
   * @param {string} code never kept
   * @param {Watch} [watch]
   */
  pay(order, code, watch) {
    return this.#course((book) => book.pay(JSON.stringify(order), code, Date.now()), watch);
  }

  /**
   * @param {string} sale
   * @param {import('../types').Action} action
   * @param {Watch} [watch]
   */
  act(sale, action, watch) {
    return this.#course((book) => book.act(sale, JSON.stringify(action)), watch);
  }

  /**
   * Ends what is unfinished in a sale.
   * @param {string} sale
   * @param {Watch} [watch]
   */
  resume(sale, watch) {
    return this.#course((book) => book.resume(sale), watch);
  }

  /**
   * Stops what is being done to a sale and cancels it; what is too far for that is ended instead.
   * @param {string} sale
   * @param {Watch} [watch]
   * @returns {Promise<Ending | null>} null if there was nothing left to cancel
   */
  async cancel(sale, watch) {
    const course = this.#active.get(sale);
    course?.stop.abort();
    await course?.done.catch(() => null);
    try {
      return await this.act(sale, { action: 'void' }, watch);
    } catch (thrown) {
      const { kind } = faultOf(thrown);
      if (kind === 'unfinished') return this.resume(sale, watch);
      if (kind === 'nothing_to' || kind === 'finished') return null;
      throw thrown;
    }
  }

  /** @param {string} checkout */
  async #openBook(checkout) {
    const entries = await this.store.entries(checkout);
    const book = new this.core.Book(FIRST_SALE);
    this.movements = new Movements();
    try {
      for (const entry of entries) {
        book.apply(JSON.stringify(entry));
        this.movements.take(entry);
      }
    } catch (thrown) {
      throw new Fault('damaged', faultOf(thrown).detail);
    }
    /** @type {SaleView[]} */
    const sales = JSON.parse(book.sales());
    this.#book = book;
    this.#ordinal = entries.length;
    this.#sales = new Map(sales.map((sale) => [sale.sale, sale]));
  }

  /**
   * @param {(book: import('../types').Book) => Run} begin
   * @param {Watch} [watch]
   * @returns {Promise<Ending | null>} null if it was stopped
   */
  async #course(begin, watch = {}) {
    if (!this.#book) throw new Fault('unexpected', 'the till is not set up');
    // A sale that begins now would be written into one checkout's journal and asked for with another's key.
    if (this.#isAdopting) throw new Fault('busy_sale');
    let run;
    try {
      run = begin(this.#book);
    } catch (thrown) {
      throw faultOf(thrown);
    }
    const { sale } = view(run);
    if (this.#active.has(sale)) throw new Fault('busy_sale', '', sale);
    const stop = new AbortController();
    const done = this.#driven(run, stop.signal, watch);
    this.#active.set(sale, { stop, done });
    this.#changed();
    try {
      return await done;
    } finally {
      this.#active.delete(sale);
      run.free?.();
      this.#changed();
    }
  }

  /**
   * @param {Run} run
   * @param {AbortSignal} signal
   * @param {Watch} watch
   * @returns {Promise<Ending | null>}
   */
  async #driven(run, signal, watch) {
    const end = await drive(run, {
      signal,
      nowMs: () => Date.now(),
      onNext: (next) => watch.onNext?.(next),
      store: (entry) => this.#keep(entry),
      onStored: (entry) => {
        const sale = view(run);
        this.#sales.set(sale.sale, sale);
        this.#changed();
        watch.onSale?.(sale);
        watch.onKept?.(entry, sale);
      },
      send: async (sending) => {
        const heard = await send(this.#apiKey, sending, signal);
        if (heard.kind === 'heard') this.#reached(true, isRefusal(heard.status));
        else if (!signal.aborted) this.#reached(false, this.isKeyRefused);
        return heard;
      },
    });
    if (!end) return null;
    const sale = view(run);
    this.#sales.set(sale.sale, sale);
    return { sale, outcome: JSON.parse(run.outcome()), end };
  }

  /** @param {Entry} entry */
  #keep(entry) {
    const book = this.#book;
    const checkout = this.setup?.checkout;
    if (!book || !checkout) throw new Fault('unexpected', 'the till is not set up');
    const kept = this.#writing.then(async () => {
      await this.store.append(checkout, this.#ordinal + 1, entry);
      this.#ordinal += 1;
      book.apply(JSON.stringify(entry));
      this.movements.take(entry);
    });
    // One entry that could not be kept must not stand in the way of another sale's.
    this.#writing = kept.catch(() => {});
    return kept;
  }

  /**
   * @param {boolean} isReachable
   * @param {boolean} isKeyRefused
   */
  #reached(isReachable, isKeyRefused) {
    if (this.isReachable === isReachable && this.isKeyRefused === isKeyRefused) return;
    this.isReachable = isReachable;
    this.isKeyRefused = isKeyRefused;
    this.#changed();
  }

  #changed() {
    for (const fn of [...this.#followers]) fn();
  }
}

/**
 * @param {Run} run
 * @returns {SaleView}
 */
const view = (run) => JSON.parse(run.sale());
