/**
 * Faults that a person is told about: a kind that the messages know, and a detail for whoever is asked to help.
 * Must not know the screens.
 */

/** @typedef {import('../types').FaultKind} FaultKind */

export class Fault extends Error {
  /**
   * @param {FaultKind} kind
   * @param {string} [detail] never a key and never a code
   * @param {string | null} [sale] the sale that it is about
   */
  constructor(kind, detail = '', sale = null) {
    super(`${kind}${detail && ': '}${detail}`);
    this.kind = kind;
    this.detail = detail;
    this.sale = sale;
  }
}

/**
 * What was thrown as a fault. The core throws JSON texts, storage throws DOMExceptions.
 * @param {unknown} thrown
 * @returns {Fault}
 */
export function faultOf(thrown) {
  if (thrown instanceof Fault) return thrown;
  if (thrown instanceof DOMException && thrown.name === 'QuotaExceededError') return new Fault('storage_full');
  const text = typeof thrown === 'string' ? thrown : thrown instanceof Error ? thrown.message : '';
  try {
    const { kind, detail, sale } = JSON.parse(text);
    if (typeof kind === 'string') return new Fault(/** @type {FaultKind} */ (kind), detail ?? '', sale ?? null);
  } catch {
    // Not the core's: its words are all there is.
  }
  return new Fault('unexpected', text);
}
