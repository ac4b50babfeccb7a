/**
 * How many generated inputs each door of the router gets, from which seed, and what happens when one of them breaks something: it is made as small as it can be
 * and told with the seed that draws it again. XIVO_MAPP_FUZZ_SEED, XIVO_MAPP_FUZZ_INPUTS and XIVO_MAPP_FUZZ_DOOR set seed, sum and door; scripts/fuzz sets them.
 * It must never draw anything that the seed does not decide.
 */
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';

/** Inputs by door; 100,000 in sum. */
const SHARES = {
  'ari-events': 20_000,
  'ari-answers': 3_000,
  http: 20_000,
  agi: 12_000,
  globals: 15_000,
  checkpoint: 10_000,
  database: 8_000,
  push: 6_000,
  settings: 6_000,
} as const;

export type Door = keyof typeof SHARES;

/** Fixed, so that a change is not blamed for what chance has found; scripts/fuzz draws new ones. */
const USUAL_SEED = 20_240_501;
const USUAL_SUM = Object.values(SHARES).reduce((sum, share) => sum + share, 0);
const RUNS_PER_ROUND = 40;
const MOST_TOLD = 4_000;
const SHRINK_MS = 300_000;
/** What takes as long hangs. */
const HANG_MS = 240_000;

const seed = wholeNumber('XIVO_MAPP_FUZZ_SEED', USUAL_SEED);
/** Where one door is fed alone, all inputs are its own. */
const onlyDoor = process.env.XIVO_MAPP_FUZZ_DOOR || undefined;
const usualInputs =
  onlyDoor === undefined ? USUAL_SUM : (Object.entries(SHARES).find(([door]) => door === onlyDoor)?.[1] ?? 0);
const sum = wholeNumber('XIVO_MAPP_FUZZ_INPUTS', usualInputs);

/** Bounds that a slow machine meets too, and a long search as well. */
export const LONG = { timeout: 900_000 + sum * 5 } as const;

function wholeNumber(name: string, usual: number): number {
  const text = process.env[name] || undefined;
  if (text === undefined) return usual;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} is ${text}; it must be a whole number up to 999999999`);
  return Number(text);
}

/**
 * Draws inputs for a door and hands them over, several at a time, for as long as its share lasts. Rejects with the smallest input that breaks
 * something, and with how to draw it again.
 * @param part of the door's share that is fed here, from 0 to 1
 * @param take rejects or throws when something is wrong with one of them
 * @param mostTogether how many at a time
 */
export async function feed<T>(
  door: Door,
  part: number,
  input: fc.Arbitrary<T>,
  take: (inputs: readonly T[]) => void | Promise<void>,
  mostTogether = 50,
): Promise<void> {
  const share = door === onlyDoor ? sum : (SHARES[door] * sum) / USUAL_SUM;
  const wanted = Math.ceil(share * part);
  const several = fc.array(input, { minLength: 1, maxLength: mostTogether, size: 'max' });
  let taken = 0;
  let last: Promise<unknown> = Promise.resolve();
  for (let round = 0; taken < wanted; round += 1) {
    const property = fc.asyncProperty(several, async (inputs) => {
      if (taken >= wanted) return;
      const taking = Promise.resolve(take(inputs));
      last = taking.catch(() => undefined);
      await taking;
      taken += inputs.length;
    });
    // A round that took too long was left while one was still being taken; two at a time would be counted as one.
    await Promise.race([last, delay(HANG_MS, undefined, { ref: false })]);
    const settings = { seed: seed + round, numRuns: RUNS_PER_ROUND, timeout: HANG_MS };
    try {
      await fc.assert(property, { ...settings, interruptAfterTimeLimit: SHRINK_MS, includeErrorInReport: true });
    } catch (error) {
      const [input = '', ...fault] = (error instanceof Error ? error.message : String(error)).split(/^(?=Got )/m);
      const again = `Once more: scripts/fuzz --door ${door} --seed ${seed + round}`;
      // Without the error itself, which would be printed in full once more.
      throw new Error(`${fault.join('').slice(0, MOST_TOLD)}\n${input.slice(0, MOST_TOLD)}\n\n${again}`);
    }
  }
}
