/**
 * What the address says: a set-up in its fragment, an amount in its query. A key leaves the address at once, before
 * anything else is done, so that no history and no screenshot keeps it. Must not know what is done with either.
 */

/** @returns {{ apiKey: string, till: string, currency: string } | null} */
export function takeSetup() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const apiKey = fragment.get('key');
  if (apiKey === null) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return { apiKey, till: fragment.get('till') ?? '', currency: fragment.get('currency') ?? '' };
}

/** @returns {{ amount: string, reference: string } | null} */
export function readOrder() {
  const query = new URLSearchParams(location.search);
  const amount = query.get('amount');
  return amount === null ? null : { amount, reference: query.get('reference') ?? '' };
}

/** The order is under way or dropped: a reload must not ask for it again. */
export function dropOrder() {
  const query = new URLSearchParams(location.search);
  if (!query.has('amount')) return;
  query.delete('amount');
  query.delete('reference');
  const rest = query.toString();
  history.replaceState(null, '', location.pathname + (rest && `?${rest}`));
}
