/**
 * A camera that films a picture file. The browser reads the film when a page starts the camera, so another
 * picture can be held in front of it between two scans.
 */
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';

/** What the camera sees, in pixels: what the pages ask cameras for, so that the browser cuts nothing off. */
const WIDTH = 1280;
const HEIGHT = 720;
/** How tall a phone's whole screen would be in the picture. Its lower end, without the code, is out of sight. */
const SCREEN_HEIGHT = 1000;
/** The film repeats itself. */
const FRAMES = 5;

export class Camera {
  #film;

  /** @param {string} folder where the film is kept */
  constructor(folder) {
    this.#film = join(folder, 'camera.y4m');
    this.showNothing();
  }

  /** What the browser has to be started with. */
  get arguments() {
    return [
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      `--use-file-for-fake-video-capture=${this.#film}`,
    ];
  }

  /** A grey table without a phone. */
  showNothing() {
    this.#shoot(['-f', 'lavfi', '-i', `color=0x808080:s=${WIDTH}x${HEIGHT}:r=10`], 'null');
  }

  /**
   * A phone whose screen shows this screenshot, held before the camera, over a grey table.
   * @param {string} png
   */
  show(png) {
    const fitted = `scale=-2:${SCREEN_HEIGHT}:flags=area,crop=min(iw\\,${WIDTH}):${HEIGHT}:(iw-ow)/2:0`;
    const placed = `pad=${WIDTH}:${HEIGHT}:(ow-iw)/2:(oh-ih)/2:0x808080`;
    this.#shoot(['-loop', '1', '-i', png], `${fitted},${placed}`);
  }

  /** @param {string[]} input @param {string} filter */
  #shoot(input, filter) {
    const fresh = `${this.#film}.new`;
    const film = ['-vf', filter, '-pix_fmt', 'yuv420p', '-r', '10', '-frames:v', String(FRAMES)];
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...input, ...film, '-f', 'yuv4mpegpipe', fresh]);
    // Renamed, not written over: the browser may be filming.
    renameSync(fresh, this.#film);
  }
}
