/**
 * The customer's devices (spec/device-life.md): what this one asks about them, what it is told of them, and its own
 * certificate. What is grave takes the PIN; what a wrong one costs is learnt at once.
 */
import { check_device_name as checkName, notice_encs as noticeEncs, qr } from '/wasm/wallet.js';
import { openSealed } from './confirmations.js';
import { withDigits } from './digits.js';
import { core, coreKind, Fault } from './fault.js';
import { pause } from './follow.js';
import { deviceListOf } from './view.js';

/** @typedef {import('./types.js').DevicesPort} DevicesPort */
/** @typedef {import('./types.js').Host} Host */

/** Between two looks at what became of the devices, while somebody looks at the page. */
const LOOK_AGAIN_MS = 60_000;

/** What a refusal means where devices are asked about. @type {Record<string, import('./types.js').FaultKind>} */
const REFUSALS = { 'not-found': 'device_gone', 'wrong-state': 'not_now', 'malformed-request': 'refused' };

/** @implements {DevicesPort} */
export class Devices {
  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
  }

  #host;

  list() {
    return this.#change('GET', '');
  }

  /** @param {string} name */
  checkName(name) {
    return checkName(name);
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  rename(id, name) {
    return this.#change('PUT', `/${id}/name`, () => JSON.stringify({ name }));
  }

  /** @param {string} id */
  lock(id) {
    return this.#change('POST', `/${id}/lock`);
  }

  /** @param {{ id: string, isLost: boolean, isLast: boolean, pin: string }} wish */
  revoke({ id, isLost, isLast, pin }) {
    return this.#change('POST', `/${id}/revoke`,
      () => withDigits(pin, (digits) => this.#host.wallet().revoke_request(id, isLost, isLast, digits)));
  }

  /** @param {string} pin */
  beginMove(pin) {
    return this.#host.alone(() => beginMove(this.#host, pin));
  }

  hearNotices() {
    return this.#host.alone(() => fetchNotices(this.#host));
  }

  /** @param {number} through */
  seeNotices(through) {
    return this.#host.alone(async () => {
      core(() => this.#host.wallet().see_notices(through));
      await this.#host.save();
    });
  }

  /**
   * @param {string} method
   * @param {string} path below the devices
   * @param {() => string} [makeBody]
   */
  #change(method, path, makeBody) {
    return this.#host.alone(async () => {
      const page = await asked(this.#host, method, `/v1/devices${path}`, makeBody && core(makeBody));
      return deviceListOf(core(() => this.#host.wallet().read_devices(page)));
    });
  }
}

/**
 * Asks a code for the phone that takes this one's place.
 * @param {Host} host
 * @param {string} pin
 * @returns {Promise<import('./types.js').MoveCode>}
 */
async function beginMove(host, pin) {
  const body = core(() => withDigits(pin, (digits) => host.wallet().move_request(digits)));
  const { activation_code: code, expires_at_ms: expiresAtMs } = JSON.parse(await asked(host, 'POST', '/v1/enrolment/move', body));
  const now = Date.now();
  const { side, modules } = JSON.parse(core(() => qr(`${location.origin}/wallet/#code=${code}`)));
  // By this device's clock, whatever that shows.
  const byOurClockMs = now + expiresAtMs - host.wallet().server_time_ms(now);
  return { code, expiresAtMs: byOurClockMs, symbol: { side, modules: Uint8Array.from(modules, Number) } };
}

/**
 * Fetches what became of the devices; where it became of this one, how it stands now.
 * @param {Host} host
 */
export async function fetchNotices(host) {
  const before = host.wallet().noticed_through();
  let isKeyNew = false;
  for (;;) {
    const after = host.wallet().noticed_through();
    const page = await host.askSigned('GET', `/v1/notices?after=${after}`);
    try {
      const hasMore = await openSealed(host, () => noticeEncs(page), (own, agreed) => host.wallet().receive_notices(page, own, agreed));
      if (!hasMore || host.wallet().noticed_through() === after) break;
    } catch (error) {
      if (isKeyNew || coreKind(error) !== 'key_unknown') throw error;
      isKeyNew = true;
      await host.learnStanding();
    }
  }
  const { device, notices } = host.view();
  if (notices.some(({ sequence, about }) => sequence > before && about === device)) await host.learnStanding();
}

/**
 * Looks again and again, as long as somebody looks at the page.
 * @param {() => Promise<void>} look
 * @param {AbortSignal} signal
 */
export async function keepLooking(look, signal) {
  while (!signal.aborted) {
    await pause(LOOK_AGAIN_MS, signal);
    // What is wrong shows at the next thing that somebody asks for.
    if (!signal.aborted && !document.hidden) await look().catch(() => {});
  }
}

/**
 * Renews the certificate if that is due.
 * @param {Host} host
 */
export async function renewCertificate(host) {
  const wallet = host.wallet();
  if (!wallet.is_renewal_due(Date.now())) return;
  const draft = core(() => wallet.draft_renewal());
  const signature = await host.vault().signAsDevice(draft.to_sign());
  const body = core(() => draft.finish(signature));
  const sentAtMs = Date.now();
  const view = await host.askSigned('POST', '/v1/enrolment/certificate', body);
  core(() => wallet.apply_renewal(view, sentAtMs, Date.now()));
  await host.save();
}

/**
 * @param {Host} host
 * @param {string} method
 * @param {string} path
 * @param {string} [body]
 */
async function asked(host, method, path, body) {
  try {
    return await host.askSigned(method, path, body);
  } catch (error) {
    const kind = coreKind(error) ?? '';
    // How many tries are left, or why this device may not ask; without a network that is learnt later.
    if (kind === 'wrong-pin' || kind === 'wrong-state') await host.learnStanding().catch(() => {});
    throw kind in REFUSALS ? new Fault(REFUSALS[kind], kind) : error;
  }
}
