/**
 * The wallet of this page: asks the core what to do, and does it with the browser's keys, storage and network.
 *
 * The order that keeps a payment safe is the core's: a code is signed only after the state with its counter is on
 * disk, an activation or a PIN change is sent only after it is. This module must not know screens.
 */
import { check_pin as checkNewPin, check_till as checkTillNumber } from '/wasm/wallet.js';
import { REFUSED_FOR_GOOD, signActivation } from './activation.js';
import { Approvals } from './approvals.js';
import { fetchConfirmations, takeNext } from './confirmations.js';
import { Devices, fetchNotices, keepLooking, renewCertificate } from './devices.js';
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
    this.#host = {
      wallet: () => this.#wallet,
      vault: () => this.#ownVault(),
      view: () => this.view(),
      askSigned: (method, path, body) => this.#askSigned(method, path, body),
      save: () => this.#save(),
      learnStanding: () => this.#learnStanding(),
      alone: (step) => this.#alone(step),
    };
    this.devices = new Devices(this.#host);
    this.approvals = new Approvals(this.#host);
    this.#onNetwork = () => this.#changed();
    for (const event of ['online', 'offline']) addEventListener(event, this.#onNetwork);
  }

  #store;
  /** None before the first activation. */
  #vault;
  #wallet;
  #release;
  #isKeptForGood;
  /** What the steps that stand in files of their own ask of this one. @type {import('./types.js').Host} */
  #host;
  #isAnswered = false;
  /** Whether the server said that it knows this wallet no longer. */
  #isUnknown = false;
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
    return viewOf(this.#wallet.view(Date.now()), {
      isOnline, isPersisted: this.#isKeptForGood, pinNews: this.#pinNews, isUnknown: this.#isUnknown,
      isPinReset: this.#wallet.is_pin_reset_under_way(), questions: this.approvals.waiting(),
    });
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
      const unsent = await signActivation(this.#wallet, vault, { code, pin, challenge });
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
    return this.#setPin(() => withDigits(present, (before) => withDigits(chosen, (after) => this.#wallet.begin_pin_change(before, after))));
  }

  /**
   * @param {string} code
   * @param {string} chosen
   */
  resetPin(code, chosen) {
    return this.#setPin(() => withDigits(chosen, (after) => this.#wallet.begin_pin_reset(code, after)));
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
      await fetchConfirmations(this.#host);
    });
  }

  follow() {
    const ended = new AbortController();
    keepLooking(() => this.devices.hearNotices(), ended.signal);
    followConfirmations({
      signer: () => this.#signer(),
      through: () => this.#wallet.confirmed_through(),
      catchUp: () => this.#alone(async () => {
        await this.#catchUp();
        await fetchConfirmations(this.#host);
      }),
      takers: {
        message: (view) => this.#alone(async () => {
          await takeNext(this.#host, view);
          // A refusal may have cost a try of the PIN, or locked the wallet.
          if (this.view().confirmations[0]?.kind === 'declined') await this.#learnStanding();
        }),
        approval: (view) => this.#alone(() => this.approvals.take(view)),
      },
    }, ended.signal);
    return () => ended.abort();
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
      this.approvals.forget();
      this.#vault = null;
      this.#isUnknown = false;
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
    await this.approvals.catchUp().catch(() => {});
    // Neither holds up a payment: what fails now is tried again the next time.
    await renewCertificate(this.#host).catch(() => {});
    await fetchNotices(this.#host).catch(() => {});
  }

  /** Confirmations may go on coming in while only this one answer was lost. */
  async #sendAgainLater() {
    this.#untilAgain?.abort();
    if (!this.#isPinChanging()) return;
    const { signal } = this.#untilAgain = new AbortController();
    await pause(SEND_AGAIN_MS, signal);
    if (!signal.aborted) await this.#alone(() => this.#catchUp()).catch(() => {});
  }

  /** @param {() => void} begin */
  #setPin(begin) {
    return this.#alone(async () => {
      core(begin);
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

  #sendPinChange() {
    const request = this.#wallet.pin_change_under_way();
    const isReset = this.#wallet.is_pin_reset_under_way();
    return sendPinChange({
      isUnderWay: () => this.#isPinChanging(),
      send: () => this.#applyEnrolment('POST', isReset ? '/v1/enrolment/pin-reset' : '/v1/enrolment/pin', request),
      learnStanding: () => this.#learnStanding(),
      rollBack: async () => {
        this.#wallet.roll_back_pin_change();
        this.#pinNews = isReset ? 'pin_not_reset' : 'pin_not_changed';
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
  async #askSigned(method, path, body) {
    try {
      const answer = await this.#noted(ask(method, path, { body, signer: this.#signer() }));
      this.#isUnknown = false;
      return answer;
    } catch (error) {
      // Signed for the server's own time, and still nobody's: a revoked wallet is told no more than that.
      if (coreKind(error) === 'unauthenticated') this.#isUnknown = true;
      throw error;
    }
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
