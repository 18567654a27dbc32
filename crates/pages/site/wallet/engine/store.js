/**
 * What the wallet keeps in the browser: its keys, which cannot be taken out, and its sealed state, in IndexedDB.
 * A promise of `put` is kept only once the browser says that the data is on disk. It must not know what it stores.
 */
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
      return new Store(await result(asked));
    } catch (error) {
      throw fromStorage(error);
    }
  }

  /** @returns {Promise<Kept|null>} */
  async read() {
    try {
      const shelf = this.#database.transaction(SHELF).objectStore(SHELF);
      const [keys, state] = await Promise.all([result(shelf.get('keys')), result(shelf.get('state'))]);
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
  async put(kept) {
    try {
      const transaction = this.#database.transaction(SHELF, 'readwrite', { durability: 'strict' });
      const shelf = transaction.objectStore(SHELF);
      if (kept.keys) shelf.put(kept.keys, 'keys');
      if (kept.state) shelf.put(kept.state, 'state');
      await completed(transaction);
    } catch (error) {
      throw fromStorage(error);
    }
  }

  async clear() {
    try {
      const transaction = this.#database.transaction(SHELF, 'readwrite', { durability: 'strict' });
      transaction.objectStore(SHELF).clear();
      await completed(transaction);
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

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function completed(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Fault('storage_full', 'the transaction was aborted'));
    transaction.onerror = () => reject(transaction.error);
  });
}
