/** Plays worlds of the simulation, one after another, and stops at the first that breaks something; scripts/simulate starts it. */
import { parseArgs } from 'node:util';
import { drawWorld } from './draw.ts';
import { play } from './play.ts';
import { describeFailure, describePlayed, search } from './search.ts';

/** Worlds between two lines of progress. */
const STRIDE = 10_000;

function readOptions(args: readonly string[]): { readonly seed: number | undefined; readonly count: number } | string {
  const whole = (name: string, text: string): number => {
    if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} is ${text}; it must be a whole number up to 999999999.`);
    return Number(text);
  };
  try {
    const options = { seed: { type: 'string' }, count: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    const seed = values.seed === undefined ? undefined : whole('seed', values.seed);
    return { seed, count: whole('count', values.count ?? (seed === undefined ? '100000' : '1')) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return `scripts/simulate: ${words}\nscripts/simulate --help says what there is.`;
  }
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    console.error(options);
    return 2;
  }
  const { seed, count } = options;
  if (seed !== undefined) {
    const played = await play(drawWorld(seed));
    console.log(`seed ${seed}:\n${JSON.stringify(played.plan, undefined, 2)}\n\n${describePlayed(played)}\n`);
  }
  const from = seed ?? 1;
  for (let done = 0; done < count; done += STRIDE) {
    const failure = await search(from + done, Math.min(STRIDE, count - done));
    if (failure !== undefined) {
      console.log(describeFailure(failure));
      return 1;
    }
    if (count > STRIDE) console.error(`${Math.min(done + STRIDE, count)} of ${count} worlds hold`);
  }
  console.log(`nothing broke in ${count} ${count === 1 ? 'world' : 'worlds'} from seed ${from} on`);
  return 0;
}

process.exitCode = await main();
