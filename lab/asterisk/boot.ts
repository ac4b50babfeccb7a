/**
 * Boot and end of an Asterisk process: up means that it has loaded everything and answers, down means that the process is gone.
 */
import { readFile } from 'node:fs/promises';
import { type AriAccess, askAri } from './ari-request.ts';
import type { RunPaths } from './conf.ts';
import { awaitThat } from './deadline.ts';
import type { AsteriskInstall } from './fetch.ts';
import { type AsteriskProcess, askCommandLine, spawnAsterisk } from './process.ts';

const BOOT_MS = 120_000;
const STOP_MS = 5_000;
const REQUEST_MS = 5_000;

/** The last lines of a log; empty when there is none yet. */
export async function tailLog(file: string, lines: number): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n');
}

export interface Boot {
  readonly install: AsteriskInstall;
  readonly paths: RunPaths;
  readonly runFolder: string;
  readonly ariAccess: AriAccess;
  readonly ariEnabled: boolean;
}

async function isUp({ install, paths, ariAccess, ariEnabled }: Boot): Promise<boolean> {
  if (ariEnabled) {
    // Until everything is loaded the port is closed, or ARI answers 503.
    const answer = await askAri(ariAccess, 'GET', '/asterisk/info', {}, undefined, REQUEST_MS).catch(() => undefined);
    return answer?.status === 200;
  }
  const line = await askCommandLine(install, paths.asteriskConf, 'core waitfullybooted', REQUEST_MS).catch(() => '');
  return line.includes('fully booted');
}

/** Starts the process and returns when it is up. Throws, with the log's tail, when it exits or takes over two minutes; it is gone then. */
export async function bootAsterisk(boot: Boot): Promise<AsteriskProcess> {
  const asterisk = spawnAsterisk(boot.install, boot.paths.asteriskConf, boot.runFolder);
  const describe = async (what: string): Promise<string> =>
    `Asterisk ${boot.install.version} ${what}\n${asterisk.output()}\n${await tailLog(boot.paths.logFile, 40)}`;
  try {
    await awaitThat(
      async () => {
        if (asterisk.exited()) throw new Error(await describe('exited while it booted'));
        return (await isUp(boot)) ? true : undefined;
      },
      BOOT_MS,
      () => describe(`did not come up within ${BOOT_MS / 1000} s`),
    );
  } catch (error) {
    asterisk.signal('SIGKILL');
    await asterisk.gone;
    throw error;
  }
  return asterisk;
}

/** Asks the process to end, and ends it when it has not after 5 s. */
export async function endAsterisk(asterisk: AsteriskProcess): Promise<void> {
  asterisk.signal('SIGTERM');
  const late = setTimeout(() => asterisk.signal('SIGKILL'), STOP_MS);
  await asterisk.gone;
  clearTimeout(late);
}
