/** Faults that a site makes in musiconhold.conf and indications.conf, put into a running Asterisk and taken out again. It must never judge what is heard then. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabAsterisk } from '../asterisk/asterisk.ts';

export interface SiteSounds {
  /** No class has any music: the default class is not there, the other is empty. */
  withoutMusic(): Promise<void>;
  /** The class `other` has a folder without files. */
  emptyOther(): Promise<void>;
  /** No tone zone has `ring`. */
  withoutRing(): Promise<void>;
  /** All as it was. */
  mend(): Promise<void>;
}

export async function siteSounds(asterisk: LabAsterisk): Promise<SiteSounds> {
  const folder = join(asterisk.runFolder, 'moh-empty');
  await mkdir(folder, { recursive: true });
  const fileOf = (name: string) => join(asterisk.runFolder, 'etc', name);
  const music = await readFile(fileOf('musiconhold.conf'), 'utf8');
  const indications = await readFile(fileOf('indications.conf'), 'utf8');
  const change = async (name: string, text: string, order: string) => {
    await writeFile(fileOf(name), text);
    await asterisk.cli(order);
  };
  const setMusic = (text: string) => change('musiconhold.conf', text, 'moh reload');
  const setTones = (text: string) => change('indications.conf', text, 'module reload indications');
  const empty = `[other]\nmode=files\ndirectory=${folder}\n`;
  return {
    withoutMusic: () => setMusic(empty),
    emptyOther: () => setMusic(`${music.slice(0, music.indexOf('[other]'))}${empty}`),
    withoutRing: () => setTones(indications.replaceAll(/^ring=.*\n/gm, '')),
    async mend() {
      await setMusic(music);
      await setTones(indications);
    },
  };
}
