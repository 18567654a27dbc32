/**
 * Reads 2D codes from the camera or from a picture: with the browser's own detector where it has
 * one, else with our reader in WebAssembly, which is loaded only then. It hands on the text it
 * saw and how long that took; it must not know what a text means.
 */

/** @typedef {'starting' | 'running' | 'denied' | 'none' | 'busy' | 'stopped'} ScannerState */
/** @typedef {{ frameToTextMs: number, via: 'native' | 'wasm' }} Seen */
/** @typedef {{ detect(source: CanvasImageSource): Promise<{ rawValue: string }[]> }} NativeDetector */
/** @typedef {{ new (options: { formats: string[] }): NativeDetector, getSupportedFormats(): Promise<string[]> }} NativeDetectorClass */
/** @typedef {(width: number, height: number, rgba: Uint8Array) => string[]} Scan */

const FORMATS = ['qr_code', 'aztec', 'data_matrix'];
/** Longest side of a frame handed to our reader: the finest code still has 4 pixels a module. */
const FRAME_SIDE_MAX = 960;
/** Longest side of a picture, which is read once and may be large. */
const PICTURE_SIDE_MAX = 2048;
/** Pause between two readings, so that the page stays quick. */
const PAUSE_MS = 40;

/** How often a reader that failed is loaded anew: pictures that always fail must not load it for ever. */
const RELOADS_MAX = 5;

/** @type {Promise<NativeDetector | null> | null} */
let native = null;
let reloads = 0;
/** @type {Promise<Scan> | null} */
let own = null;

/**
 * Opens the camera that looks away from the person, shows it in `video`, and reads until `onText`
 * returns true or `stop` is called.
 * @param {{
 *   video: HTMLVideoElement,
 *   onText: (text: string, seen: Seen) => boolean | void,
 *   onState?: (state: ScannerState) => void,
 * }} options
 * @returns {Promise<{ stop(): void }>}
 */
export async function startScanner({ video, onText, onState = () => {} }) {
  let isStopped = false;
  /** @type {MediaStream | null} */
  let stream = null;
  /** @param {ScannerState} state */
  const end = (state) => {
    if (isStopped) return;
    isStopped = true;
    for (const track of stream?.getTracks() ?? []) track.stop();
    video.srcObject = null;
    onState(state);
  };
  const scanner = { stop: () => end('stopped') };

  onState('starting');
  try {
    stream = await openCamera();
    if (isStopped) {
      for (const track of stream.getTracks()) track.stop();
      return scanner;
    }
    for (const track of stream.getTracks()) track.addEventListener('ended', () => end('busy'));
    video.srcObject = stream;
    video.muted = true;
    video.playsInline = true;
    await video.play();
  } catch (error) {
    end(stateOf(error));
    return scanner;
  }
  if (isStopped) return scanner;
  onState('running');
  readFrames(video, () => isStopped, (text, seen) => {
    const isDone = onText(text, seen) === true;
    if (isDone) end('stopped');
    return isDone;
  }).catch(() => end('none'));
  return scanner;
}

/**
 * Reads every code in one picture.
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 * @returns {Promise<{ texts: string[], ms: number, via: 'native' | 'wasm' }>}
 */
export async function readPicture(source, width, height) {
  await prepare();
  const beganMs = performance.now();
  const canvas = document.createElement('canvas');
  const texts = await readNative(source);
  if (texts.length > 0) return { texts, ms: performance.now() - beganMs, via: 'native' };
  const seen = await readOwn(source, width, height, PICTURE_SIDE_MAX, canvas);
  return { texts: seen, ms: performance.now() - beganMs, via: 'wasm' };
}

/** Loads what reads, so that the first frame need not wait for it. */
export async function prepare() {
  if (!(await detector())) await ownScan();
}

/**
 * @param {HTMLVideoElement} video
 * @param {() => boolean} isStopped
 * @param {(text: string, seen: Seen) => boolean} onText
 */
async function readFrames(video, isStopped, onText) {
  await prepare();
  const canvas = document.createElement('canvas');
  while (!isStopped()) {
    const frameAtMs = await nextFrame(video);
    if (isStopped()) return;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
    const via = (await detector()) ? 'native' : 'wasm';
    const texts = via === 'native'
      ? await readNative(video)
      : await readOwn(video, video.videoWidth, video.videoHeight, FRAME_SIDE_MAX, canvas);
    const frameToTextMs = performance.now() - frameAtMs;
    for (const text of texts) {
      if (isStopped() || onText(text, { frameToTextMs, via })) return;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/**
 * Waits for the camera's next picture; says when it was shown.
 * @param {HTMLVideoElement} video
 * @returns {Promise<number>}
 */
function nextFrame(video) {
  return new Promise((resolve) => {
    if ('requestVideoFrameCallback' in video) {
      // A camera that stands still must not hold up a stop: the timer looks again.
      const timer = setTimeout(() => resolve(performance.now()), 500);
      video.requestVideoFrameCallback((shownAtMs) => {
        clearTimeout(timer);
        resolve(shownAtMs);
      });
    } else {
      requestAnimationFrame(() => resolve(performance.now()));
    }
  });
}

/** @param {CanvasImageSource} source */
async function readNative(source) {
  const reader = await detector();
  if (!reader) return [];
  try {
    return (await reader.detect(source)).map((code) => code.rawValue);
  } catch (error) {
    // Some browsers have the class and no service behind it; from then on ours reads.
    if (error instanceof DOMException && error.name === 'InvalidStateError') return [];
    native = Promise.resolve(null);
    return [];
  }
}

/**
 * @param {CanvasImageSource} source
 * @param {number} width
 * @param {number} height
 * @param {number} sideMax
 * @param {HTMLCanvasElement} canvas
 */
async function readOwn(source, width, height, sideMax, canvas) {
  const scan = await ownScan();
  const scale = Math.min(1, sideMax / Math.max(width, height, 1));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) return [];
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return scan(canvas.width, canvas.height, new Uint8Array(data.buffer));
  } catch {
    // What trapped has left its memory in disorder. A fresh reader looks at the next frame.
    reloads += 1;
    if (reloads <= RELOADS_MAX) own = null;
    return [];
  }
}

/** The browser's own detector, or null. */
function detector() {
  native ??= (async () => {
    const Detector = /** @type {{ BarcodeDetector?: NativeDetectorClass }} */ (/** @type {unknown} */ (window)).BarcodeDetector;
    if (!Detector) return null;
    try {
      const supported = await Detector.getSupportedFormats();
      if (!supported.includes('qr_code')) return null;
      return new Detector({ formats: FORMATS.filter((format) => supported.includes(format)) });
    } catch {
      return null;
    }
  })();
  return native;
}

function ownScan() {
  own ??= loadScan();
  // A load that failed is tried again the next time.
  own.catch(() => { own = null; });
  return own;
}

/** @returns {Promise<Scan>} */
async function loadScan() {
  // Another address is another instance.
  const module = reloads === 0 ? await import('/wasm/scan.js') : await import(`/wasm/scan.js?again=${reloads}`);
  await module.default();
  return module.scan;
}

function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('no camera here', 'NotFoundError');
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: 'environment' }, width: { ideal: 1280 }, height: { ideal: 720 } },
  });
}

/**
 * @param {unknown} error
 * @returns {ScannerState}
 */
function stateOf(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'none';
}
