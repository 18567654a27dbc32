/**
 * The wallet of this page: asks the core what to do, and does it with the browser's keys, storage and network.
 *
 * The order that keeps a payment safe is the core's: a code is signed only after the state with its counter is on
 * disk, an activation or a PIN change is sent only after it is. This module must not know screens.
 */
import { check_pin as checkNewPin, check_till as checkTillNumber, confirmation_encs as confirmationEncs } from '/wasm/wallet.js';
import { describeBrowser } from './browser.js';
import { withDigits } from './digits.js';
import { core, coreKind, Fault } from './fault.js';
import { followConfirmations, pause } from './follow.js';
import { proofAddress, waiting } from './method-proof.js';
import { sendPinChange } from './pin-change.js';
import { ask } from './server.js';
import { isPersisted } from './store.js';
import { makeKeys, openVault } from './vault.js';
import { methodOf, shownCodeOf, viewOf } from './view.js';
import { freshWallet, takeNewApp } from './wallet.js';

/** @typedef {import('/wasm/wallet.js').Wallet} Wallet */
/** @typedef {import('./store.js').Store} Store */
/** @typedef {import('./vault.js').Vault} Vault */
/** @typedef {import('./types.js').Engine} Engine */
/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').MethodText} MethodText */

/** After these the server will never take the same request. */
const REFUSED_FOR_GOOD = ['activation-refused', 'app-refused', 'challenge-expired', 'malformed-request'];
/** From a PIN change that had no answer until it is sent again, if nothing else brings the wallet online before. */
const SEND_AGAIN_MS = 30_000;

/** @implements {Engine} */
export class BrowserEngine {
  /** @param {{ store: Store, vault: Vault|null, wallet: Wallet, release: () => void, isKeptForGood: boolean }} parts */
  constructor({ store, vault, wallet, release, isKeptForGood }) {
    this.#store = store;
    this.#vault = vault;
    this.#wallet = wallet;
    this.#release = release;
    this.#isKeptForGood = isKeptForGood;
    this.#onNetwork = () => this.#changed();
    for (const event of ['online', 'offline']) addEventListener(event, this.#onNetwork);
  }

  #store;
  /** None before the first activation. */
  #vault;
  #wallet;
  #release;
  #isKeptForGood;
  #isAnswered = false;
  /** How a PIN change ended that the customer did not wait for. @type {import('./types.js').Hint|null} */
  #pinNews = null;
  /** Ends the waiting before a PIN change is sent again. @type {AbortController|null} */
  #untilAgain = null;
  #onNetwork;
  /** @type {Set<(view: View) => void>} */
  #subscribers = new Set();
  /** Steps that ask the server go one after the other. A code waits for none of them: the network may be slow. */
  #last = Promise.resolve();

  view() {
    const isOnline = this.#isAnswered && navigator.onLine;
    return viewOf(this.#wallet.view(Date.now()), { isOnline, isPersisted: this.#isKeptForGood, pinNews: this.#pinNews });
  }

  /** @param {(view: View) => void} fn */
  subscribe(fn) {
    this.#subscribers.add(fn);
    return () => this.#subscribers.delete(fn);
  }

  /** @param {string} pin */
  checkPin(pin) {
    return /** @type {import('./types.js').FaultKind|null} */ (withDigits(pin, checkNewPin) ?? null);
  }

  /** @param {string} text */
  checkTill(text) {
    return checkTillNumber(text);
  }

  /**
   * @param {string} code
   * @param {string} pin
   */
  activate(code, pin) {
    return this.#alone(async () => {
      this.#isKeptForGood = await isPersisted(true);
      const keys = await makeKeys();
      const vault = await openVault(keys);
      const { challenge } = JSON.parse(await this.#ask('POST', '/v1/activations/challenge'));
      const unsent = await this.#draft(vault, code, pin, challenge);
      const state = this.#seal(await vault.stateKey());
      await this.#store.put({ keys, state });
      this.#vault = vault;
      await this.#sendActivation(unsent.stored());
    });
  }

  resumeActivation() {
    return this.#alone(async () => {
      const request = this.#wallet.pending_activation();
      if (!request) throw new Fault('unexpected', 'no activation waits');
      await this.#sendActivation(request);
    });
  }

  abandonActivation() {
    return this.#alone(async () => {
      core(() => this.#wallet.abandon_activation());
      await this.#save();
    });
  }

  /**
   * @param {string} present
   * @param {string} chosen
   */
  changePin(present, chosen) {
    return this.#alone(async () => {
      core(() => withDigits(present, (before) => withDigits(chosen, (after) => this.#wallet.begin_pin_change(before, after))));
      try {
        // Both secrets are kept before anything is sent: whichever PIN the server has, its secret is here.
        await this.#save();
      } catch (error) {
        this.#wallet.roll_back_pin_change();
        throw error;
      }
      try {
        await this.#sendPinChange();
      } finally {
        this.#pinNews = null;
        this.#sendAgainLater();
      }
    });
  }

  beginMethod() {
    return this.#alone(async () => {
      const page = JSON.parse(await this.#askSigned('GET', '/v1/methods'));
      const method = waiting(page.methods) ?? await this.#addMethod(page.providers?.[0]);
      core(() => this.#wallet.apply_method(JSON.stringify(method)));
      await this.#save();
      return { slot: method.slot, url: proofAddress(method) };
    });
  }

  /**
   * @param {number} slot
   * @param {string} proof
   */
  finishMethod(slot, proof) {
    return this.#alone(async () => {
      try {
        const text = await this.#askSigned('POST', `/v1/methods/${slot}/proof`, JSON.stringify({ proof }));
        core(() => this.#wallet.apply_method(text));
        await this.#save();
        return methodOf(JSON.parse(text));
      } catch (error) {
        // No other proof will do for this method: the bank may have linked it to one whose answer was lost.
        if (error instanceof Fault && error.kind === 'proof_refused') await this.#dropMethod(slot);
        throw error;
      }
    });
  }

  /** @param {number} slot */
  removeMethod(slot) {
    return this.#alone(() => this.#dropMethod(slot));
  }

  /** @param {{ pin: string, slot: number|null, capMinor: number|null, till: string|null }} wish */
  makeCode({ pin, slot, capMinor, till }) {
    const wish = JSON.stringify({ slot, cap_minor: capMinor, till: till || null });
    this.#pinNews = null;
    return this.#show(() => withDigits(pin, (digits) => this.#wallet.make_code(digits, wish, Date.now())));
  }

  renewCode() {
    return this.#show(() => this.#wallet.renew_code(Date.now()));
  }

  wipe() {
    this.#wallet.wipe();
  }

  refresh() {
    return this.#alone(async () => {
      await this.#catchUp();
      const methods = await this.#askSigned('GET', '/v1/methods');
      core(() => this.#wallet.apply_methods(methods));
      await this.#save();
      await this.#fetchConfirmations();
    });
  }

  follow() {
    return followConfirmations({
      signer: () => this.#signer(),
      through: () => this.#wallet.confirmed_through(),
      catchUp: () => this.#alone(async () => {
        await this.#catchUp();
        await this.#fetchConfirmations();
      }),
      take: (/** @type {string} */ view) => this.#alone(async () => {
        await this.#takeNext(view);
        // A refusal may have cost a try of the PIN, or locked the wallet.
        if (this.view().confirmations[0]?.kind === 'declined') await this.#learnStanding();
      }),
    });
  }

  lock() {
    return this.#alone(() => this.#applyEnrolment('POST', '/v1/enrolment/lock'));
  }

  resync() {
    return this.#alone(async () => {
      const body = core(() => this.#wallet.resync_request());
      await this.#applyEnrolment('POST', '/v1/enrolment/resync', body);
    });
  }

  erase() {
    return this.#alone(async () => {
      this.#wallet.wipe();
      const fresh = await freshWallet();
      this.#vault = null;
      await this.#store.clear();
      this.#wallet = fresh;
    });
  }

  close() {
    this.#wallet.wipe();
    this.#untilAgain?.abort();
    for (const event of ['online', 'offline']) removeEventListener(event, this.#onNetwork);
    this.#subscribers.clear();
    this.#store.close();
    this.#release();
  }

  /**
   * Runs a step after those before it, and tells the subscribers when it is done, whatever came of it.
   * @template T
   * @param {() => Promise<T>} step
   * @returns {Promise<T>}
   */
  #alone(step) {
    const run = this.#last.then(step);
    this.#last = run.then(() => this.#changed(), () => this.#changed());
    return run;
  }

  /** What a screen does with the news is its own affair: a screen that fails holds up nothing here. */
  #changed() {
    const view = this.view();
    for (const fn of this.#subscribers) {
      try {
        fn(view);
      } catch (error) {
        reportError(error);
      }
    }
  }

  /**
   * @param {Vault} vault
   * @param {string} code
   * @param {string} pin
   * @param {string} challenge
   */
  async #draft(vault, code, pin, challenge) {
    const [device, online, confirmation] = await Promise.all(
      [vault.devicePublic(), vault.onlinePublic(), vault.confirmationPublic()]);
    const draft = core(() => withDigits(pin, (digits) => this.#wallet.draft_activation(
      code, challenge, digits, describeBrowser(), device, online, confirmation, Date.now())));
    const [request, deviceProof, onlineProof] = await Promise.all([
      vault.signAsDevice(draft.certificate_request()),
      vault.signAsDevice(draft.device_proof()),
      vault.signOnline(draft.online_proof()),
    ]);
    return core(() => this.#wallet.begin_activation(draft, request, deviceProof, onlineProof));
  }

  /** @param {Uint8Array} request */
  async #sendActivation(request) {
    const vault = this.#ownVault();
    const sentAtMs = Date.now();
    /** @type {string} */
    let reply;
    try {
      reply = await this.#ask('POST', '/v1/activations', request);
    } catch (error) {
      if (REFUSED_FOR_GOOD.includes(coreKind(error) ?? '')) {
        core(() => this.#wallet.abandon_activation());
        await this.#save();
      }
      throw error;
    }
    const device = await vault.devicePublic();
    const bytes = new TextEncoder().encode(reply);
    core(() => this.#wallet.complete_activation(bytes, device, sentAtMs, Date.now()));
    await this.#save();
    await this.#learnStanding();
  }

  /** @param {string|undefined} provider @returns {Promise<MethodText>} */
  async #addMethod(provider) {
    if (!provider) throw new Fault('server', 'the server knows no bank');
    return JSON.parse(await this.#askSigned('POST', '/v1/methods', JSON.stringify({ provider })));
  }

  /** @param {number} slot */
  async #dropMethod(slot) {
    await this.#askSigned('DELETE', `/v1/methods/${slot}`);
    core(() => this.#wallet.forget_method(slot));
    await this.#save();
  }

  /**
   * Stores the counter, and only then signs.
   * @param {() => import('/wasm/wallet.js').PendingCode} make
   */
  async #show(make) {
    const started = performance.now();
    const vault = this.#ownVault();
    const pending = core(make);
    await this.#save();
    const signable = pending.stored();
    const signature = await vault.signAsDevice(signable.to_sign());
    const shown = core(() => signable.finish(signature));
    const { methods } = this.view();
    const renewalsLeft = this.#wallet.renewals_left(Date.now());
    const code = shownCodeOf(shown, { methods, renewalsLeft, madeInMs: performance.now() - started });
    shown.free();
    return code;
  }

  /** What may have waited for a network, and how things stand. */
  async #catchUp() {
    // How it ended is in the view. Without an answer the next question fails too, and says why.
    if (this.#isPinChanging()) await this.#sendPinChange().catch(() => {});
    this.#sendAgainLater();
    await this.#learnStanding();
  }

  /** Confirmations may go on coming in while only this one answer was lost. */
  async #sendAgainLater() {
    this.#untilAgain?.abort();
    if (!this.#isPinChanging()) return;
    const { signal } = this.#untilAgain = new AbortController();
    await pause(SEND_AGAIN_MS, signal);
    if (!signal.aborted) await this.#alone(() => this.#catchUp()).catch(() => {});
  }

  #sendPinChange() {
    const request = this.#wallet.pin_change_under_way();
    return sendPinChange({
      isUnderWay: () => this.#isPinChanging(),
      send: () => this.#applyEnrolment('POST', '/v1/enrolment/pin', request),
      learnStanding: () => this.#learnStanding(),
      rollBack: async () => {
        this.#wallet.roll_back_pin_change();
        this.#pinNews = 'pin_not_changed';
        await this.#save();
      },
    });
  }

  #isPinChanging() {
    return this.#wallet.pin_change_under_way() !== undefined;
  }

  async #learnStanding() {
    await takeNewApp(this.#wallet);
    const version = encodeURIComponent(this.view().appVersion);
    await this.#applyEnrolment('GET', `/v1/enrolment?device_time_ms=${Date.now()}&app_version=${version}`);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string|Uint8Array} [body]
   */
  async #applyEnrolment(method, path, body) {
    const sentAtMs = Date.now();
    const view = await this.#askSigned(method, path, body);
    const wasChanging = this.#isPinChanging();
    core(() => this.#wallet.apply_enrolment(view, sentAtMs, Date.now()));
    if (wasChanging && !this.#isPinChanging()) {
      this.#pinNews = 'pin_changed';
      // No code is renewed with the PIN before.
      this.#wallet.wipe();
    }
    await this.#save();
  }

  async #fetchConfirmations() {
    for (;;) {
      const after = this.#wallet.confirmed_through();
      const page = await this.#askSigned('GET', `/v1/confirmations?after=${after}`);
      const { has_more: hasMore } = await this.#takePage(page);
      if (!hasMore || this.#wallet.confirmed_through() === after) return;
    }
  }

  /**
   * One confirmation as it was pushed; what lies between it and the last is fetched first.
   * @param {string} view
   */
  async #takeNext(view) {
    const { sequence } = JSON.parse(view);
    if (sequence <= this.#wallet.confirmed_through()) return;
    if (sequence > this.#wallet.confirmed_through() + 1) return this.#fetchConfirmations();
    await this.#takePage(`{"confirmations":[${view}],"has_more":false}`);
  }

  /**
   * Takes a page; once more with the server's present keys if it was signed with one that is not known here.
   * @param {string} page
   */
  async #takePage(page) {
    const vault = this.#ownVault();
    const agreed = await vault.agree(core(() => confirmationEncs(page)));
    const own = await vault.confirmationPublic();
    const take = () => core(() => this.#wallet.receive_page(page, own, agreed.slice(), Date.now()));
    let brought;
    try {
      brought = take();
    } catch (error) {
      if (coreKind(error) !== 'key_unknown') throw error;
      await this.#learnStanding();
      brought = take();
    }
    await this.#save();
    return JSON.parse(brought);
  }

  #signer() {
    return { wallet: this.#wallet, vault: this.#ownVault() };
  }

  #ownVault() {
    if (!this.#vault) throw new Fault('unexpected', 'there are no keys yet');
    return this.#vault;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string|Uint8Array} [body]
   */
  #ask(method, path, body) {
    return this.#noted(ask(method, path, { body }));
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string|Uint8Array} [body]
   */
  #askSigned(method, path, body) {
    return this.#noted(ask(method, path, { body, signer: this.#signer() }));
  }

  /** @template T @param {Promise<T>} asked @returns {Promise<T>} */
  async #noted(asked) {
    try {
      const answer = await asked;
      this.#isAnswered = true;
      return answer;
    } catch (error) {
      this.#isAnswered = !(error instanceof Fault && (error.kind === 'offline' || error.kind === 'busy'));
      throw error;
    }
  }

  /**
   * The state is sealed and handed to the storage without a pause in between, so that of two saves at once the later
   * one's is stored last.
   */
  async #save() {
    const vault = this.#ownVault();
    const stateKey = await vault.stateKey();
    if (vault !== this.#vault) throw new Fault('unexpected', 'the wallet was erased meanwhile');
    await this.#store.put({ state: this.#seal(stateKey) });
  }

  /** @param {Uint8Array} stateKey */
  #seal(stateKey) {
    try {
      return /** @type {Uint8Array<ArrayBuffer>} */ (core(() => this.#wallet.seal(stateKey)));
    } finally {
      stateKey.fill(0);
    }
  }
}
