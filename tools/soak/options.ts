/**
 * The command line of the soak. What it does not know it refuses, with what it would have taken. It reads no environment.
 */
import { parseArgs } from 'node:util';
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';

export interface SoakOptions {
  readonly version: AsteriskVersion;
  readonly calls: number;
  /** Calls at the same time. */
  readonly parallel: number;
  /** After so long no new round begins. */
  readonly minutes: number;
}

/** The options, or what is wrong with the command line. */
export function readSoakOptions(args: readonly string[]): SoakOptions | string {
  const whole = (name: string, text: string, most: number): number => {
    const value = /^\d{1,7}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > most)
      throw new Error(`--${name} is ${text}; it must be a whole number from 1 to ${most}.`);
    return value;
  };
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        version: { type: 'string', default: '22' },
        calls: { type: 'string', default: '10000' },
        parallel: { type: 'string', default: '12' },
        minutes: { type: 'string', default: '60' },
      },
    });
    const version = ([16, 22] as const).find((one) => values.version === String(one));
    if (version === undefined) throw new Error(`--version is ${values.version}; there are 16 and 22.`);
    return {
      version,
      calls: whole('calls', values.calls, 1_000_000),
      parallel: whole('parallel', values.parallel, 100),
      minutes: whole('minutes', values.minutes, 10_000),
    };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return `scripts/soak: ${words}\nscripts/soak --help says what there is.`;
  }
}
