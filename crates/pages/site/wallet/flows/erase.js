/**
 * Erases a wallet whose storage cannot be opened any more, when there is no engine to do it.
 */

/** Deletes the wallet's databases and nothing of the origin's other pages, then begins anew. */
export async function eraseDamaged() {
  const databases = await indexedDB.databases();
  const names = databases.map(({ name }) => name ?? '').filter((name) => name.includes('wallet'));
  await Promise.all(names.map((name) => new Promise((resolve) => {
    const deletion = indexedDB.deleteDatabase(name);
    deletion.onsuccess = resolve;
    deletion.onerror = resolve;
    deletion.onblocked = resolve;
  })));
  location.reload();
}
