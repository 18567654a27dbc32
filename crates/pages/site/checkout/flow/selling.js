/**
 * One sale after the other: amount, scan, question, result. An amount stays until it is paid or dropped; a result is
 * shown only as the core says it. Must not know the journal's screens.
 */

import { readPicture } from '/shared/camera.js';
import { minorDigits } from '/shared/i18n.js';
import { dropOrder } from '../engine/address.js';
import { afterKey, amountFromText } from '../engine/amount.js';
import { faultOf } from '../engine/fault.js';
import { tellStep } from '../engine/frame.js';
import { REFERENCE_LENGTH_MAX, amountScreen } from '../screens/amount.js';
import { askingScreen } from '../screens/asking.js';
import { resultScreen } from '../screens/result.js';
import { scanScreen } from '../screens/scan.js';
import { sound } from '../sounds.js';
import { Camera } from './camera.js';
import { Course } from './course.js';

/** @typedef {import('../types').SaleView} SaleView */
/** @typedef {import('../types').AmountModel['note']} AmountNote */
/** @typedef {import('../types').ScanModel['note']} ScanNote */
/** @typedef {import('../engine/till.js').Ending} Ending */
/** @typedef {{ amount: string, reference: string }} AddressOrder */
/** @typedef {{ sale: SaleView, outcome: import('../types').Outcome, amountMinor: number, isEarlier: boolean }} Result */

/** Faults after which nothing at this till works any more. */
const FATAL = ['storage_full', 'storage_unavailable', 'damaged', 'unexpected', 'other_tab'];
const OUTCOMES_WITHOUT_SOUND = ['voided', 'scan_again'];
const OUTCOMES_GOOD = ['paid', 'held', 'captured', 'refunded'];
const REREAD_AFTER_MS = 3_000;
const MARKS = ['frame', 'decoded', 'answer', 'captured'];

export class Selling {
  #amountMinor = 0;
  #reference = '';
  /** @type {AmountNote} */
  #amountNote = null;
  /** @type {ScanNote} */
  #scanNote = null;
  /** @type {import('../types').ScanModel['camera']} */
  #cameraState = 'starting';
  #isReading = false;
  /** @type {AddressOrder | null} */
  #order = null;
  /** @type {Course | null} */
  #course = null;
  /** The code taken last, which the camera may still see, and until when it is of no use. */
  #taken = { text: '', uselessUntilMs: 0 };
  /** @type {Result | null} */
  #result = null;
  /** The sale that the pad's amount belongs to, once it has begun. */
  #ownSale = '';

  /** @param {import('./actions.js').Flow} flow */
  constructor(flow) {
    this.flow = flow;
    this.camera = new Camera(
      (text, { frameToTextMs, via }) => this.#take(text, frameToTextMs, via),
      (state) => {
        this.#cameraState = state;
        if (flow.desk.name === 'scan') flow.desk.redraw();
      },
    );
    flow.desk.onLeave = (from) => from === 'scan' && this.camera.stop();
    flow.desk.onShown = (name) => name === 'scan' && this.camera.show(flow.desk.root);
    document.addEventListener('visibilitychange', () => {
      if (flow.desk.name !== 'scan') return;
      if (document.hidden) this.camera.stop();
      else flow.run(this.camera.start());
    });
  }

  /** @returns {Partial<import('../types').Actions>} */
  actions() {
    const { flow } = this;
    return {
      key: (key) => this.#set(afterKey(this.#amountMinor, key)),
      reference: (text) => { this.#reference = text; },
      scan: () => (this.#amountMinor > 0 ? this.toScan() : this.#say('amount.enter')),
      typed: (text) => void this.#take(text, 0, 'typed'),
      camera: () => flow.run(this.camera.start()),
      cancel: () => flow.run(this.#cancel()),
      again: () => this.#again(),
    };
  }

  /** Takes an order that the address brought; it is the next sale. @param {AddressOrder | null} order */
  order(order) {
    this.#order = order;
  }

  /** A new sale. Never in the middle of one. */
  begin() {
    if (this.#course) return;
    const order = this.#order;
    // Another sale than the address asked for: a reload must not go back to it.
    if (!order) dropOrder();
    this.#order = null;
    this.#result = null;
    this.#ownSale = '';
    this.#amountMinor = amountFromText(order?.amount ?? null, minorDigits(this.#currency)) ?? 0;
    this.#reference = order?.reference.slice(0, REFERENCE_LENGTH_MAX) ?? '';
    if (this.#amountMinor > 0) return this.toScan();
    this.toAmount();
    if (order) this.#say('amount.bad');
  }

  toAmount() {
    this.#amountNote = null;
    const { flow } = this;
    const last = flow.till.sales().at(-1) ?? null;
    flow.desk.show('amount', () => amountScreen({
      ...flow.chrome(), amountMinor: this.#amountMinor, currency: this.#currency, reference: this.#reference,
      plan: flow.till.settings.plan, last, note: this.#amountNote,
    }, flow.actions));
  }

  /** @param {ScanNote} [note] */
  toScan(note = null) {
    const { flow } = this;
    this.#scanNote = note;
    this.#isReading = false;
    this.#cameraState = 'starting';
    flow.desk.show('scan', () => scanScreen({
      ...flow.chrome(), amountMinor: this.#amountMinor, currency: this.#currency, reference: this.#reference,
      plan: flow.till.settings.plan, camera: this.#cameraState, isReading: this.#isReading, note: this.#scanNote,
    }, flow.actions));
    flow.run(this.camera.start());
  }

  /** What a framing page asks for. @param {number} amountMinor @param {string | null} reference */
  amount(amountMinor, reference) {
    if (this.#course || !this.flow.till.setup) return;
    this.#amountMinor = amountMinor;
    this.#reference = reference?.slice(0, REFERENCE_LENGTH_MAX) ?? '';
    this.toScan();
  }

  /** What the pad held before the first digits of a scan came. @returns {() => void} */
  remember() {
    const amountMinor = this.#amountMinor;
    return () => this.flow.desk.name === 'amount' && this.#set(amountMinor);
  }

  /** Digits of a scanner, whichever screen stands: they count only where a code is wanted. @param {string} text */
  scanned(text) {
    const { name } = this.flow.desk;
    if (name === 'amount' && this.#amountMinor === 0) return this.#say('amount.enter_scan');
    if (name === 'amount') this.toScan();
    if (this.flow.desk.name === 'scan') this.#take(text, 0, 'scanner');
  }

  /** A picture of a code, from a framing page. @param {ImageBitmap} bitmap */
  async picture(bitmap) {
    const { desk } = this.flow;
    if (desk.name === 'amount' && this.#amountMinor > 0) this.toScan();
    if (desk.name === 'amount') this.#say('amount.enter_scan');
    if (desk.name !== 'scan') return bitmap.close();
    this.#isReading = true;
    desk.redraw();
    const { texts, ms, via } = await readPicture(bitmap, bitmap.width, bitmap.height);
    bitmap.close();
    this.#isReading = false;
    if (desk.name !== 'scan') return;
    const text = texts.find((one) => this.flow.till.core.check_code(one) === '') ?? texts[0];
    if (text === undefined) this.#note({ kind: 'misread', sale: null });
    else this.#take(text, ms, via);
  }

  /** Ends an unfinished sale while the cashier watches. @param {string} sale */
  resume(sale) {
    const { till, run } = this.flow;
    const before = till.sale(sale);
    if (!before || this.#course) return;
    this.#result = null;
    const course = this.#ask({ amountMinor: before.amount_minor, currency: before.currency, step: 'ending', isPayment: false });
    run(this.#follow(course, till.resume(sale, course.watch())));
  }

  /**
   * Captures, voids or refunds.
   * @param {SaleView} sale
   * @param {import('../types').Action} action
   * @param {number} amountMinor
   */
  perform(sale, action, amountMinor) {
    if (this.#course) return;
    const { till, run } = this.flow;
    const step = /** @type {const} */ ({ capture: 'capturing', void: 'voiding', refund: 'refunding' })[action.action];
    const course = this.#ask({ amountMinor, currency: sale.currency, step, isPayment: false });
    run(this.#follow(course, till.act(sale.sale, action, course.watch())));
  }

  /** What was unfinished has ended meanwhile: whoever looks at it sees it. @param {Ending} ending */
  news(ending) {
    if (this.flow.desk.name !== 'result' || this.#result?.sale.sale !== ending.sale.sale) return;
    if (this.#result.outcome.kind === 'unknown') this.#show(ending, ending.sale.amount_minor);
  }

  get #currency() {
    return this.flow.till.setup?.currency || 'CHF';
  }

  /** @param {number} amountMinor */
  #set(amountMinor) {
    this.#amountMinor = amountMinor;
    this.#amountNote = null;
    this.flow.desk.redraw();
  }

  /** @param {AmountNote} note */
  #say(note) {
    this.#amountNote = note;
    this.flow.desk.redraw();
  }

  /** @param {ScanNote} note */
  #note(note) {
    this.#scanNote = note;
    if (this.flow.desk.name === 'scan') this.flow.desk.redraw();
  }

  /**
   * Takes a scanned text, whatever read it.
   * @param {string} text
   * @param {number} frameToTextMs
   * @param {string} via
   * @returns {boolean} whether a payment began
   */
  #take(text, frameToTextMs, via) {
    const { desk, till, run } = this.flow;
    if (desk.name !== 'scan' || this.#course) return false;
    const isCamera = via === 'native' || via === 'wasm';
    if (isCamera && text === this.#taken.text && performance.now() < this.#taken.uselessUntilMs) {
      if (!this.#scanNote) this.#note({ kind: 'code_used', sale: null });
      return false;
    }
    const wrong = till.core.check_code(text);
    if (wrong !== '') {
      const kind = wrong === 'unsupported' ? 'unsupported' : 'misread';
      if (this.#scanNote?.kind !== kind) this.#note({ kind, sale: null });
      return false;
    }
    this.#taken = { text, uselessUntilMs: 0 };
    for (const mark of MARKS) performance.clearMarks(mark);
    performance.mark('frame', { startTime: Math.max(0, performance.now() - frameToTextMs) });
    performance.mark('decoded');
    if (!till.settings.isMuted) sound('scan');
    tellStep('scan', frameToTextMs, { via });
    const order = {
      amount_minor: this.#amountMinor, currency: this.#currency, terminal: till.setup?.till ?? '',
      plan: till.settings.plan, reference: this.#reference.trim() || null,
    };
    const course = this.#ask({ amountMinor: this.#amountMinor, currency: this.#currency, step: 'sending', isPayment: true });
    dropOrder();
    run(this.#follow(course, till.pay(order, text, course.watch())));
    return true;
  }

  /**
   * Shows that something is being asked.
   * @param {{ amountMinor: number, currency: string, step: import('../types').Step, isPayment: boolean }} what
   */
  #ask(what) {
    const { flow } = this;
    const course = new Course({ ...what, onChange: () => flow.desk.name === 'asking' && flow.desk.redraw() });
    this.#course = course;
    flow.desk.show('asking', () => askingScreen({
      ...flow.chrome(), amountMinor: course.amountMinor, currency: course.currency, step: course.step,
      elapsedS: course.elapsedS, canCancel: course.canCancel,
    }, flow.actions));
    const timer = setInterval(() => {
      if (this.#course === course) flow.desk.redraw();
      else clearInterval(timer);
    }, 1000);
    return course;
  }

  /**
   * @param {Course} course
   * @param {Promise<Ending | null>} work
   */
  async #follow(course, work) {
    try {
      const ending = await work;
      // Stopped by a cancel, which follows the sale from there.
      if (!ending || this.#course !== course) return;
      course.ended(ending);
      this.#course = null;
      if (course.isPayment) this.#spend(ending.outcome.kind);
      if (course.isPayment) this.#ownSale = ending.sale.sale;
      this.#show(ending, course.amountMinor);
    } catch (thrown) {
      if (this.#course !== course) return;
      this.#course = null;
      this.#failed(faultOf(thrown), course.isPayment);
    }
  }

  /**
   * @param {import('../engine/fault.js').Fault} fault
   * @param {boolean} isPayment
   */
  #failed(fault, isPayment) {
    const { till, desk } = this.flow;
    const earlier = fault.kind === 'already' && fault.sale ? till.sale(fault.sale) : null;
    if (earlier && !isStillPaid(earlier)) return this.flow.actions.openSale(earlier.sale);
    if (earlier) return this.#shown({ sale: earlier, outcome: earlier.outcome, amountMinor: earlier.amount_minor, isEarlier: true });
    if (FATAL.includes(fault.kind)) return desk.fail(fault);
    if (isPayment) this.#taken.uselessUntilMs = Infinity;
    if (isPayment) return this.toScan({ kind: /** @type {import('../types').ScanNote} */ (fault.kind), sale: fault.sale });
    if (fault.sale) return this.flow.actions.openSale(fault.sale);
    this.begin();
  }

  /**
   * A phone that still shows its old code must not begin the same again and again. Only what never reached the server
   * may be taken once more, and what the server could not read, after a moment.
   * @param {import('../types').OutcomeKind} kind
   */
  #spend(kind) {
    if (kind === 'unreachable') return;
    this.#taken.uselessUntilMs = kind === 'scan_again' ? performance.now() + REREAD_AFTER_MS : Infinity;
  }

  /**
   * @param {Ending} ending
   * @param {number} amountMinor
   */
  #show({ sale, outcome }, amountMinor) {
    if (outcome.kind === 'scan_again') return this.toScan({ kind: 'misread', sale: null });
    const { kind } = outcome;
    const doneMinor = kind === 'captured' || kind === 'refunded' ? sale.last_done_minor ?? amountMinor : amountMinor;
    this.#shown({ sale, outcome, amountMinor: doneMinor, isEarlier: false });
  }

  /** Scans once more for the sale that the pad's amount belongs to; for another sale there is nothing to scan. */
  #again() {
    const sale = this.#result?.sale.sale;
    if (sale === undefined || sale === this.#ownSale) return this.toScan();
    this.flow.actions.openSale(sale);
  }

  /** @param {Result} result */
  #shown(result) {
    const { flow } = this;
    const { kind } = result.outcome;
    this.#result = result;
    flow.desk.show('result', () => resultScreen({ ...flow.chrome(), ...result, isKeyRefused: flow.till.isKeyRefused }, flow.actions));
    if (!flow.till.settings.isMuted && !OUTCOMES_WITHOUT_SOUND.includes(kind)) {
      sound(OUTCOMES_GOOD.includes(kind) ? 'paid' : 'declined');
    }
  }

  async #cancel() {
    const course = this.#course;
    if (!course?.sale || !course.canCancel) return;
    const { till } = this.flow;
    const next = this.#ask({ amountMinor: course.amountMinor, currency: course.currency, step: 'cancelling', isPayment: false });
    const sale = course.sale;
    this.#taken.uselessUntilMs = Infinity;
    this.#ownSale = sale;
    const work = till.cancel(sale, next.watch()).then((ending) => {
      // Nothing was left to cancel: what came meanwhile is the result.
      const stands = till.sale(sale);
      return ending ?? (stands && { sale: stands, outcome: stands.outcome, end: /** @type {Ending['end']} */ ({ do: 'end', is_open: stands.is_open, cause: null, is_unreachable: false }) });
    });
    await this.#follow(next, work);
  }
}

/**
 * Whether the shop still has what the sale was for: goods that were paid and refunded are not paid.
 * @param {SaleView} sale
 */
function isStillPaid(sale) {
  return sale.is_held || sale.captured_minor - sale.refunded_minor >= sale.amount_minor;
}
