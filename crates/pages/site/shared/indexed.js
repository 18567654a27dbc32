/**
 * IndexedDB's events as promises. It must not know what is stored, nor what a failure means.
 */

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
export function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * A change that is on disk when the promise resolves: no crash and no power cut can lose it then.
 * @param {IDBDatabase} database
 * @param {string} shelf
 * @param {(shelf: IDBObjectStore) => unknown} change
 * @returns {Promise<void>}
 */
export function changed(database, shelf, change) {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(shelf, 'readwrite', { durability: 'strict' });
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'));
    change(transaction.objectStore(shelf));
  });
}
