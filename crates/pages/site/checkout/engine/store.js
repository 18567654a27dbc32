/**
 * What this till keeps in IndexedDB: the journal (append-only), its set-up and settings. An entry counts as kept
 * only once a transaction of durability 'strict' has completed. Must not know what an entry means.
 */

import { changed, settled } from '/shared/indexed.js';
import { Fault, faultOf } from './fault.js';

/** @typedef {import('../types').Entry} Entry */

const NAME = 'batzen-checkout';
const VERSION = 1;
const JOURNAL = 'journal';
const SETTINGS = 'settings';

export class Store {
  /** @param {IDBDatabase} db */
  constructor(db) {
    this.db = db;
    // A later version of the page in another tab may not wait for this one for ever.
    db.onversionchange = () => db.close();
  }

  /** @returns {Promise<Store>} */
  static async open() {
    if (!('indexedDB' in globalThis)) throw new Fault('storage_unavailable');
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(JOURNAL, { keyPath: ['checkout', 'ordinal'] });
      request.result.createObjectStore(SETTINGS);
    };
    try {
      return new Store(await settled(request));
    } catch (thrown) {
      const fault = faultOf(thrown);
      throw fault.kind === 'storage_full' ? fault : new Fault('storage_unavailable', fault.detail);
    }
  }

  /**
   * All entries of one checkout, oldest first.
   * @param {string} checkout
   * @returns {Promise<Entry[]>}
   */
  async entries(checkout) {
    const range = IDBKeyRange.bound([checkout, 0], [checkout, Number.MAX_SAFE_INTEGER]);
    const rows = await settled(this.db.transaction(JOURNAL).objectStore(JOURNAL).getAll(range));
    rows.forEach((row, at) => {
      if (row.ordinal !== at + 1) throw new Fault('damaged', `entry ${at + 1} of the journal is missing`);
    });
    return rows.map((row) => row.entry);
  }

  /**
   * Keeps an entry: when this resolves, no crash and no power cut can lose it.
   * @param {string} checkout
   * @param {number} ordinal its place, from 1; a place that is taken is a fault
   * @param {Entry} entry
   */
  async append(checkout, ordinal, entry) {
    await this.write(JOURNAL, (store) => store.add({ checkout, ordinal, entry }));
  }

  /**
   * @param {string} name
   * @returns {Promise<any>}
   */
  read(name) {
    return settled(this.db.transaction(SETTINGS).objectStore(SETTINGS).get(name));
  }

  /**
   * @param {string} name
   * @param {unknown} value `undefined` removes it
   */
  async keep(name, value) {
    await this.write(SETTINGS, (store) => (value === undefined ? store.delete(name) : store.put(value, name)));
  }

  /**
   * @param {string} name
   * @param {(store: IDBObjectStore) => unknown} change
   */
  async write(name, change) {
    try {
      await changed(this.db, name, change);
    } catch (thrown) {
      throw faultOf(thrown);
    }
  }
}
