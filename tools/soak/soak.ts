/**
 * Plays thousands of calls against the real router on a real Asterisk, and says whether everything is where it began; scripts/soak starts it. However it
 * ends, also by Ctrl-C, no process and no temporary folder stays behind.
 */
import { fetchAsterisk } from '../../lab/asterisk/fetch.ts';
import { startLab } from '../../lab/lab.ts';
import { INSPECTED, RouterInside } from '../../lab/rigs/router-inside.ts';
import { playSoak, type SoakResult } from '../../lab/rigs/soak.ts';
import { SEATS_PER_LANE, SOAK_GLOBALS } from '../../lab/rigs/soak-calls.ts';
import { heapSlope, judgeSoak, MOST_BYTES_PER_CALL, soakTable } from '../../lab/rigs/soak-verdict.ts';
import { endChildren, type Interruption } from '../terminal/interruption.ts';
import { measuringRun } from '../terminal/measuring-run.ts';
import type { ProgressLine } from '../terminal/progress-line.ts';
import { readSoakOptions, type SoakOptions } from './options.ts';

const WARM_UP = 480;
const ROUND = 240;

async function main(): Promise<number> {
  const options = readSoakOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    console.error(options);
    return 2;
  }
  return await measuringRun('scripts/soak', async (interruption, progress) => {
    const result = await soak(options, interruption, progress);
    progress.clear();
    return tell(result, options);
  });
}

async function soak(
  { version, calls, parallel, minutes }: SoakOptions,
  interruption: Interruption,
  progress: ProgressLine,
): Promise<SoakResult> {
  const stopWatching = interruption.on(endChildren);
  const install = await fetchAsterisk(version, { onProgress: (line) => progress.show(line) });
  interruption.check();
  progress.show(`Asterisk ${version} and the router start`);
  await using lab = await startLab({
    version,
    seats: parallel * SEATS_PER_LANE,
    globals: SOAK_GLOBALS,
    asterisk: { install },
    environment: INSPECTED,
  });
  await using inside = await RouterInside.open(lab.router);
  stopWatching();
  interruption.check();
  const startMs = performance.now();
  progress.show(`warm-up: ${WARM_UP} calls, ${parallel} at a time`);
  const played = playSoak(lab, inside, {
    calls,
    warmUp: WARM_UP,
    parallel,
    round: ROUND,
    onRound: ({ calls: done, faults, heapBytes }) => {
      const seconds = (performance.now() - startMs) / 1000;
      const what = `${done} of ${calls} calls in ${seconds.toFixed(0)} s, heap ${(heapBytes / 1e6).toFixed(2)} MB`;
      progress.show(
        faults.length === 0 ? what : `${what}, ${faults.length} went wrong: ${faults.at(-1)?.slice(0, 300)}`,
      );
      return !interruption.happened && seconds < minutes * 60;
    },
  });
  return await interruption.orElse(played);
}

function tell(result: SoakResult, options: SoakOptions): number {
  const { calls, tookMs, byKind } = result;
  console.log(soakTable(result));
  console.log(`\n${calls} calls in ${(tookMs / 60_000).toFixed(1)} min: ${kinds(byKind)}.`);
  const slope = heapSlope(result);
  if (slope !== undefined) {
    const words = `${slope.toFixed(1)} bytes a call (${MOST_BYTES_PER_CALL} at most)`;
    console.log(`The heap's slope over the second half: ${words}.`);
  }
  const wrong = judgeSoak(result, options.calls);
  for (const one of wrong) console.log(`wrong: ${one}`);
  console.log(wrong.length === 0 ? 'Everything is where it began.' : 'Not everything is where it began.');
  return wrong.length === 0 ? 0 : 1;
}

function kinds(byKind: SoakResult['byKind']): string {
  return [...byKind].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

// Whatever a call that was broken off has left in this process must not keep it alive.
process.exit(await main());
