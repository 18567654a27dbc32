/**
 * What the wallet keeps in the browser: its keys, which cannot be taken out, and its sealed state, in IndexedDB.
 * A promise of `put` is kept only once the browser says that the data is on disk. It must not know what it stores.
 */
import { changed, settled } from '/shared/indexed.js';
import { Fault, fromStorage } from './fault.js';

/** @typedef {import('./types.js').Kept} Kept */

const NAME = 'batzen-wallet';
const SHELF = 'wallet';

export class Store {
  /** @param {IDBDatabase} database */
  constructor(database) {
    this.#database = database;
    // Another version of the page wants to change the form: it waits for nobody who holds an old one.
    database.onversionchange = () => database.close();
  }

  /** @type {IDBDatabase} */
  #database;

  static async open() {
    try {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(SHELF);
      return new Store(await settled(asked));
    } catch (error) {
      throw fromStorage(error);
    }
  }

  /** @returns {Promise<Kept|null>} */
  async read() {
    try {
      const shelf = this.#database.transaction(SHELF).objectStore(SHELF);
      const [keys, state] = await Promise.all([settled(shelf.get('keys')), settled(shelf.get('state'))]);
      if (!keys && !state) return null;
      if (!keys || !(state instanceof Uint8Array)) throw new Fault('damaged', 'keys or state are missing');
      return { keys, state: /** @type {Uint8Array<ArrayBuffer>} */ (state) };
    } catch (error) {
      throw fromStorage(error);
    }
  }

  /**
   * Stores what is given in one transaction; when this returns, a crash does not lose it.
   * @param {Partial<Kept>} kept
   */
  put({ keys, state }) {
    return this.#change((shelf) => {
      if (keys) shelf.put(keys, 'keys');
      if (state) shelf.put(state, 'state');
    });
  }

  clear() {
    return this.#change((shelf) => shelf.clear());
  }

  /** @param {(shelf: IDBObjectStore) => unknown} change */
  async #change(change) {
    try {
      await changed(this.#database, SHELF, change);
    } catch (error) {
      throw fromStorage(error);
    }
  }

  close() {
    this.#database.close();
  }
}

/**
 * Holds the wallet for this page alone, as long as the page lives or until the result is called.
 * @returns {Promise<() => void>}
 */
export function holdAlone() {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(NAME, { ifAvailable: true }, (lock) => {
        if (!lock) {
          reject(new Fault('other_tab'));
          return undefined;
        }
        /** @type {Promise<void>} */
        const held = new Promise((release) => resolve(() => release(undefined)));
        return held;
      })
      .catch((error) => reject(fromStorage(error)));
  });
}

/**
 * Whether the browser promises not to clear this page's storage by itself.
 * @param {boolean} isToAsk
 */
export async function isPersisted(isToAsk) {
  try {
    return isToAsk ? await navigator.storage.persist() : await navigator.storage.persisted();
  } catch {
    return false;
  }
}
