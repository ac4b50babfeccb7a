/**
 * Files with keys and passwords that more users of this machine can read or change than should: those that the environment names, and the `.env` of
 * the folder in which the router starts. It reads none of them, and must never refuse to start for them: it says what to do.
 */
import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './config.ts';
import { settings } from './settings.ts';

/** Settings that name a file with a secret in it. */
const fileSettings = settings.flatMap(({ name, secret }) => {
  if (secret) return [`${name}_FILE`];
  return /(CREDENTIALS|KEYS?)_FILE$/.test(name) ? [name] : [];
});

/**
 * One text for each such file.
 * @param folder where a `.env` is looked for
 * @param ownUid of the process; undefined where there is no such thing
 */
export function looseFiles(environment: Environment, folder: string, ownUid: number | undefined): readonly string[] {
  const named = fileSettings.map((setting) => [environment[setting] ?? '', `that ${setting} names`] as const);
  const files = [...named.filter(([file]) => file !== ''), [join(folder, '.env'), 'with settings'] as const];
  return files.flatMap(([file, what]) => {
    const stat = statOf(file);
    if (stat === undefined) return [];
    // A packaged service reads by its group what root alone may write.
    const isOwn = stat.uid === ownUid;
    const tooMuch = stat.mode & (isOwn ? 0o077 : 0o027);
    if (tooMuch === 0) return [];
    const can = (tooMuch & 0o022) === 0 ? 'read' : 'read or changed';
    const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
    return [
      `the file ${what} can be ${can} by other users of this machine (mode ${mode}): chmod ${isOwn ? '600' : '640'} ${file}`,
    ];
  });
}

/** Undefined: it is not there, or nobody may look at it, which is told where it is read. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}
