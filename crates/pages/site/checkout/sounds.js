/**
 * Three short sounds made on the spot: scanned, paid, declined. They say the same as the screen, for a cashier who
 * looks at the customer. Must not know why they sound.
 */

/** Frequency in Hz, beginning and length in s. @type {Record<'scan' | 'paid' | 'declined', [number, number, number][]>} */
const TONES = {
  scan: [[1760, 0, 0.04]],
  paid: [[660, 0, 0.14], [990, 0.13, 0.26]],
  declined: [[196, 0, 0.2], [196, 0.28, 0.34]],
};
const LOUDNESS = 0.22;

/** @type {AudioContext | null} */
let context = null;

/** @param {keyof typeof TONES} name */
export function sound(name) {
  try {
    context ??= new AudioContext();
    // A browser lets a page sound only after somebody touched it; until then there is silence, not an error.
    if (context.state === 'suspended') context.resume().catch(() => {});
    for (const [frequency, beginS, lengthS] of TONES[name]) tone(context, frequency, beginS, lengthS);
  } catch {
    // No sound here: the screen says all of it.
  }
}

/**
 * @param {AudioContext} audio
 * @param {number} frequency
 * @param {number} beginS
 * @param {number} lengthS
 */
function tone(audio, frequency, beginS, lengthS) {
  const from = audio.currentTime + beginS;
  const source = audio.createOscillator();
  const volume = audio.createGain();
  source.type = frequency < 300 ? 'triangle' : 'sine';
  source.frequency.value = frequency;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.012);
  volume.gain.setValueAtTime(LOUDNESS, from + Math.max(0.012, lengthS - 0.06));
  volume.gain.linearRampToValueAtTime(0, from + lengthS);
  source.connect(volume).connect(audio.destination);
  source.start(from);
  source.stop(from + lengthS);
}
