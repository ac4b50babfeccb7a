/**
 * A recording that the site's dialplan has begun: which tones it holds, and when. It reads the file only once Asterisk has closed it, and
 * judges nothing.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitThat } from '../asterisk/deadline.ts';
import type { LabCall } from '../caller.ts';
import { type Handset, SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import type { PhoneCall } from '../phone/phone-call.ts';
import { power } from '../phone/recogniser.ts';
import { TONE_PEAK } from '../phone/tone.ts';

/** Bytes before the first sample. */
const HEADER = 44;
/** A tenth of a second at 8 kHz, which tells tones apart that are 10 Hz from each other. */
const PIECE = 800;
const BYTES = 2;

export class Recording {
  readonly #pieces: readonly Int16Array[];
  /** Bytes of audio, by the file's own header and by its length. */
  readonly audioBytes: { readonly byHeader: number; readonly byLength: number };

  constructor(wav: Buffer) {
    this.audioBytes = { byHeader: wav.readUInt32LE(HEADER - 4), byLength: wav.length - HEADER };
    const samples = Int16Array.from({ length: Math.floor((wav.length - HEADER) / BYTES) }, (_, index) =>
      wav.readInt16LE(HEADER + index * BYTES),
    );
    this.#pieces = Array.from({ length: Math.floor(samples.length / PIECE) }, (_, index) =>
      samples.subarray(index * PIECE, (index + 1) * PIECE),
    );
  }

  /** The tenths of a second, from the beginning, in which all of these tones sound. */
  tenthsWith(...tonesHz: readonly number[]): number[] {
    return this.#pieces.flatMap((piece, index) => (tonesHz.every((hz) => sounds(piece, hz)) ? [index] : []));
  }
}

function sounds(piece: Int16Array, hz: number): boolean {
  return Math.sqrt(power(piece, hz)) > TONE_PEAK / 2;
}

/** The recording that is named by the call's SIP Call-ID, once Asterisk has closed it. */
export async function recordingOf(lab: Lab, { sipCallId }: LabCall): Promise<Recording> {
  const file = join(lab.asterisk.runFolder, 'spool', 'monitor', `${sipCallId}.wav`);
  const openFiles = async (): Promise<string[]> => {
    const folder = `/proc/${lab.asterisk.pid()}/fd`;
    return await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  };
  await awaitThat(
    async () => ((await openFiles()).includes(file) ? undefined : true),
    SOON_MS,
    async () => `Asterisk still has ${file} open`,
  );
  return new Recording(await readFile(file));
}

/** Waits until each of the two has heard the other for a second. */
export async function hearEachOtherLong(call: LabCall, callee: Handset): Promise<void> {
  await call.talksWith(callee);
  const hasHeard = (one: PhoneCall, hz: number): boolean =>
    one.heard().some(({ what, fromMs, toMs }) => what === hz && toMs - fromMs >= 1000);
  await awaitThat(
    async () => (hasHeard(call.sip, callee.toneHz) && hasHeard(callee.call, call.toneHz) ? true : undefined),
    SOON_MS,
    async () => `They heard ${JSON.stringify([call.heard(), callee.call.heard()])}`,
  );
}
