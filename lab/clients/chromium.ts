/**
 * A Chromium without a window, for the pages of UC Assistants. All of them send one tone, from a file that stands in for the microphone. It talks to loopback only, and
 * believes the lab's certificate without looking. It must not outlive whoever started it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { writeTone } from '../asterisk/tone.ts';
import { chooseTone } from '../phone/tone.ts';
import type { ChromiumInstall } from './fetch-clients.ts';
import { servePage } from './uc-page-server.ts';

const TONE_SECONDS = 20;

export class Chromium implements AsyncDisposable {
  readonly browser: Browser;
  readonly toneHz: number;
  /** Where the page of the UC Assistant is. */
  readonly pageUrl: string;
  readonly #started: AsyncDisposableStack;

  private constructor(browser: Browser, toneHz: number, pageUrl: string, started: AsyncDisposableStack) {
    this.browser = browser;
    this.toneHz = toneHz;
    this.pageUrl = pageUrl;
    this.#started = started;
  }

  static async start({ start, fonts }: ChromiumInstall): Promise<Chromium> {
    await using started = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'lab-chromium-'));
    started.defer(() => rm(folder, { recursive: true, force: true }));
    const page = started.use(await servePage());
    const toneHz = chooseTone();
    const tone = join(folder, 'tone.wav');
    await writeTone(tone, toneHz, TONE_SECONDS);
    const browser = await chromium.launch({
      executablePath: start,
      // As root there is no sandbox; and what its zygote forks would not find its way back through the loader.
      chromiumSandbox: false,
      args: [
        '--no-zygote',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-audio-capture=${tone}`,
        '--autoplay-policy=no-user-gesture-required',
        '--allow-loopback-in-peer-connection',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
      ],
      env: { HOME: folder, TMPDIR: folder, PATH: '/usr/bin:/bin', FONTCONFIG_FILE: fonts },
    });
    started.defer(() => browser.close());
    return new Chromium(browser, toneHz, page.url, started.move());
  }

  close(): Promise<void> {
    return this.#started.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
