/**
 * The command line of the bench. What it does not know it refuses, with what it would have taken. It reads no environment.
 */
import { parseArgs } from 'node:util';
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';

const PARTS = ['register', 'push', 'answer', 'crowd', 'restart', 'cost', 'own', 'load', 'overload'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly versions: readonly AsteriskVersion[];
  readonly parts: readonly Part[];
  /** A fifth of the samples. */
  readonly quick: boolean;
  /** Put the table into docs/benchmarks.md. */
  readonly write: boolean;
  /** Say where the time goes. */
  readonly steps: boolean;
}

/** The options, or what is wrong with the command line. */
export function readOptions(args: readonly string[]): BenchOptions | string {
  const wrong = (what: string): string => `scripts/bench: ${what}\nscripts/bench --help says what there is.`;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        steps: { type: 'boolean', default: false },
        version: { type: 'string' },
        only: { type: 'string' },
      },
    });
    const { quick, write, steps } = values;
    const versions = ([16, 22] as const).filter(
      (one) => values.version === undefined || values.version === String(one),
    );
    if (versions.length === 0) return wrong(`--version is ${values.version}; there are 16 and 22.`);
    const parts = PARTS.filter((part) => values.only === undefined || values.only === part);
    if (parts.length === 0) return wrong(`--only is ${values.only}; there are ${PARTS.join(', ')}.`);
    if (write && (values.version !== undefined || values.only !== undefined)) {
      return wrong('--write wants the whole run: leave out --version and --only.');
    }
    return { versions, parts, quick, write, steps };
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
}
