/**
 * One-tone WAV files, so that a test can tell by its pitch what a party hears: the class of the music on hold, or the
 * no-answer scenario. Never holds speech or music.
 */
import { writeFile } from 'node:fs/promises';

const RATE = 8000;

/** Writes a mono 16-bit 8 kHz WAV of one sine, a whole number of periods per second, so that it loops without a click. */
export async function writeTone(file: string, hertz: number, seconds: number): Promise<void> {
  const samples = RATE * seconds;
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write('RIFF', 0, 'latin1');
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write('WAVEfmt ', 8, 'latin1');
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(RATE, 24);
  wav.writeUInt32LE(RATE * 2, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36, 'latin1');
  wav.writeUInt32LE(samples * 2, 40);
  for (let index = 0; index < samples; index += 1) {
    wav.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * hertz * index) / RATE)), 44 + index * 2);
  }
  await writeFile(file, wav);
}
