/**
 * PINs as several flows ask for them: a new one, entered twice. It must not know what a PIN is for.
 */
import { t } from '/shared/i18n.js';
import { faultText } from '../faults.js';
import { choosePin } from '../screens/pin.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').FaultKind} FaultKind */

/**
 * Has a new PIN chosen and entered again.
 * @param {App} app
 * @param {object} wish
 * @param {boolean} [wish.isChange] there is a PIN already
 * @param {FaultKind | 'differs' | null} [wish.fault]
 * @param {(pin: string) => FaultKind | null} [wish.check] why it cannot be this one, beyond what holds for every PIN
 * @param {() => void} wish.back
 * @param {(() => void) | null} [wish.away] when others could look; by default the step begins anew
 * @param {(pin: string) => void} wish.chosen
 */
export function askNewPin(app, wish) {
  const { isChange = false, fault = null, check = () => null, back, away = null, chosen } = wish;
  app.stage.show({
    onBack: back,
    onAway: away ?? (() => app.stage.redraw()),
    draw: () => choosePin({ step: 'choose', isChange, fault: fault && (fault === 'differs' ? t('pin.differs') : faultText(fault)) }, {
      back,
      pin: (pin) => {
        const refused = app.engine.checkPin(pin) ?? check(pin);
        if (refused) askNewPin(app, { ...wish, fault: refused });
        else askAgain(app, wish, pin, chosen);
      },
    }),
  });
}

/**
 * @param {App} app
 * @param {Parameters<typeof askNewPin>[1]} wish
 * @param {string} first
 * @param {(pin: string) => void} chosen
 */
function askAgain(app, wish, first, chosen) {
  const back = () => askNewPin(app, { ...wish, fault: null });
  app.stage.show({
    onBack: back,
    onAway: wish.away ?? back,
    draw: () => choosePin({ step: 'repeat', isChange: wish.isChange ?? false, fault: null }, {
      back,
      pin: (pin) => (pin === first ? chosen(pin) : askNewPin(app, { ...wish, fault: 'differs' })),
    }),
  });
}

/**
 * Why this can be nobody's PIN: it is not worth a try.
 * @param {App} app
 * @param {string} pin
 * @returns {FaultKind | null}
 */
export function wrongLength(app, pin) {
  const refused = app.engine.checkPin(pin);
  return refused === 'pin_too_short' || refused === 'pin_too_long' ? refused : null;
}

/**
 * What is said after a wrong PIN. Without a network since, nobody knows how many tries are left.
 * @param {App} app
 */
export function wrongPinText(app) {
  const { pinTriesLeft, isOnline } = app.engine.view();
  const words = faultText('wrong_pin');
  return isOnline && pinTriesLeft !== null ? `${words} ${t('pin.triesLeft', { count: pinTriesLeft })}` : words;
}
