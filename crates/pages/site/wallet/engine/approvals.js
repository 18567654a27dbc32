/**
 * What the server asks this wallet to approve (spec/approval.md): opened, kept until it is over, and answered with the
 * device key's signature. A question is told only once it was opened and checked. It must not know what is asked.
 */
import { question_enc as questionEnc } from '/wasm/wallet.js';
import { withDigits } from './digits.js';
import { core, coreKind, Fault } from './fault.js';
import { questionOf } from './view.js';

/** @typedef {import('./types.js').ApprovalsPort} ApprovalsPort */
/** @typedef {import('./types.js').Host} Host */
/** @typedef {import('./types.js').Ending} Ending */
/** @typedef {import('./types.js').Question} Question */
/** @typedef {import('/wasm/wallet.js').AnswerDraft} AnswerDraft */
/** @typedef {import('/wasm/wallet.js').OpenedQuestion} OpenedQuestion */
/** @typedef {{ ending: Ending, body: Uint8Array }} Sent an answer that may have arrived */
/** @typedef {{ question: Question, opened: OpenedQuestion, sent: Sent | null }} Waiting */

/** As many as the server lets wait for one device. */
const WAITING_MAX = 10;
/** As far as two clocks may be apart: what the server ends so shortly before its time has run out. */
const CLOCK_SLACK_MS = 5_000;

/** What a refusal means where a question is answered. @type {Record<string, import('./types.js').FaultKind>} */
const REFUSALS = { 'not-found': 'question_over', 'wrong-state': 'not_now', 'malformed-request': 'refused' };

/** @implements {ApprovalsPort} */
export class Approvals {
  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  #host;
  /** @type {Map<string, Waiting>} */
  #waiting = new Map();
  /** How each that is over ended, as far as this page knows. @type {Map<string, Ending>} */
  #endings = new Map();

  /**
   * What is still to be answered: where somebody stands at a till comes first, then what ends first.
   * @returns {Question[]}
   */
  waiting() {
    const isTill = (/** @type {Question} */ { kind }) => Number(kind === 'payment');
    return [...this.#waiting.values()].map(({ question }) => question)
      .filter(({ expiresAtMs }) => expiresAtMs > Date.now())
      .sort((a, b) => isTill(b) - isTill(a) || a.expiresAtMs - b.expiresAtMs);
  }

  /** @param {string} id */
  endingOf(id) {
    const ending = this.#endings.get(id);
    if (ending) return ending;
    const waiting = this.#waiting.get(id);
    return waiting && waiting.question.expiresAtMs <= Date.now() ? 'expired' : null;
  }

  hear() {
    return this.#look(false);
  }

  /** The same, with the server's present keys if need be; for a step that is alone. */
  catchUp() {
    return this.#look(true);
  }

  /**
   * A question as it was pushed.
   * @param {string} view
   */
  async take(view) {
    await this.#open(view, true);
  }

  /**
   * @param {string} id
   * @param {string} pin
   */
  approve(id, pin) {
    return this.#answer(id, 'approved', (opened) => withDigits(pin, (digits) => this.#host.wallet().draft_approval(opened, digits)));
  }

  /** @param {string} id */
  refuse(id) {
    return this.#answer(id, 'refused', (opened) => this.#host.wallet().draft_refusal(opened));
  }

  /** Forgets all: the wallet is no longer there. */
  forget() {
    for (const id of [...this.#waiting.keys()]) this.#end(id, 'over');
  }

  /** @param {boolean} mayLearn */
  async #look(mayLearn) {
    // What comes in meanwhile is not in the answer yet.
    const before = [...this.#waiting.keys()];
    const { approvals } = JSON.parse(await this.#host.askSigned('GET', '/v1/approvals'));
    const ids = new Set(approvals.map((/** @type {{ id: string }} */ { id }) => id));
    for (const id of before) if (!ids.has(id)) await this.#learnEnding(id);
    for (const view of approvals.slice(0, WAITING_MAX)) await this.#open(JSON.stringify(view), mayLearn);
  }

  /**
   * @param {string} view
   * @param {boolean} mayLearn
   */
  async #open(view, mayLearn) {
    const { id } = JSON.parse(view);
    if (this.#waiting.has(id) || this.#endings.has(id) || this.#waiting.size >= WAITING_MAX) return;
    const opened = await this.#unseal(view, mayLearn);
    if (!opened) return;
    const wallet = this.#host.wallet();
    const now = Date.now();
    const question = questionOf(opened.to_json(), now - wallet.server_time_ms(now));
    // The same may have come both ways at once.
    if (this.#waiting.has(id) || this.#endings.has(id)) opened.free();
    else this.#waiting.set(id, { question, opened, sent: null });
  }

  /**
   * Nothing for what is not for this wallet, or is no question: it is passed over, and other questions are not held up.
   * @param {string} view
   * @param {boolean} mayLearn
   * @returns {Promise<OpenedQuestion | null>}
   */
  async #unseal(view, mayLearn) {
    const vault = this.#host.vault();
    try {
      const agreed = await vault.agree(core(() => questionEnc(view)));
      const own = await vault.confirmationPublic();
      return core(() => this.#host.wallet().open_question(view, own, agreed));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (coreKind(error) !== 'key_unknown' || !mayLearn) return null;
    }
    await this.#host.learnStanding();
    return this.#unseal(view, false);
  }

  /**
   * @param {string} id
   * @param {Ending} ending
   * @param {(opened: OpenedQuestion) => AnswerDraft} draft
   * @returns {Promise<void>}
   */
  #answer(id, ending, draft) {
    return this.#host.alone(async () => {
      const waiting = this.#waiting.get(id);
      if (!waiting) throw new Fault('question_over');
      const drafted = core(() => draft(waiting.opened));
      const signature = await this.#host.vault().signAsDevice(drafted.to_sign());
      const sent = { ending, body: core(() => drafted.finish(signature)) };
      try {
        await this.#host.askSigned('POST', `/v1/approvals/${id}`, sent.body);
      } catch (error) {
        throw await this.#refused(waiting, sent, error);
      }
      this.#end(id, ending);
    });
  }

  /**
   * What is to be said of an answer that was not taken; what it cost, and whether the question is still open, is learnt.
   * @param {Waiting} waiting
   * @param {Sent} sent
   * @param {unknown} error
   * @returns {Promise<unknown>}
   */
  async #refused(waiting, sent, error) {
    const kind = coreKind(error) ?? '';
    if (error instanceof Fault && (error.kind === 'offline' || error.kind === 'busy')) waiting.sent = sent;
    const isToLearn = kind === 'wrong-pin' || kind in REFUSALS;
    if (isToLearn) {
      await this.#host.learnStanding().catch(() => {});
      await this.#look(false).catch(() => {});
    }
    return kind in REFUSALS ? new Fault(REFUSALS[kind], kind) : error;
  }

  /**
   * A question that the server asks no longer. An answer that may have arrived is sent once more: if it was taken the
   * server says so, and does nothing again.
   * @param {string} id
   */
  async #learnEnding(id) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    const { sent, question } = waiting;
    const isTaken = sent !== null && await this.#host.askSigned('POST', `/v1/approvals/${id}`, sent.body).then(() => true, (error) => {
      if (error instanceof Fault && (error.kind === 'offline' || error.kind === 'busy')) throw error;
      return false;
    });
    if (isTaken) this.#end(id, sent.ending);
    else this.#end(id, question.expiresAtMs <= Date.now() + CLOCK_SLACK_MS ? 'expired' : 'over');
  }

  /**
   * @param {string} id
   * @param {Ending} ending
   */
  #end(id, ending) {
    this.#waiting.get(id)?.opened.free();
    this.#waiting.delete(id);
    this.#endings.set(id, ending);
  }
}
