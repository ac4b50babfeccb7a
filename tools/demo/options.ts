/**
 * The command line of the demo. What it does not know it refuses, with what it would have taken. It reads no environment.
 */
import { parseArgs } from 'node:util';
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import { CALLS, type Letter } from './calls.ts';

export interface DemoOptions {
  readonly version: AsteriskVersion;
  /** Stay up afterwards. */
  readonly keep: boolean;
  /** Only this call; all when undefined. */
  readonly call: Letter | undefined;
}

/** The options, or what is wrong with the command line. */
export function readOptions(args: readonly string[]): DemoOptions | string {
  const wrong = (what: string): string => `scripts/demo: ${what}\nscripts/demo --help says what there is.`;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        keep: { type: 'boolean', default: false },
        version: { type: 'string', default: '22' },
        call: { type: 'string' },
      },
    });
    const version = values.version === '16' ? 16 : values.version === '22' ? 22 : undefined;
    if (version === undefined) return wrong(`--version is ${values.version}; there are 16 and 22.`);
    const call = CALLS.find(({ letter }) => letter === values.call)?.letter;
    if (values.call !== undefined && call === undefined) {
      return wrong(`--call is ${values.call}; there are ${CALLS.map(({ letter }) => letter).join(', ')}.`);
    }
    return { version, keep: values.keep, call };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}
