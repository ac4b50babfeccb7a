/**
 * Measures the router on real Asterisks, against plainer ways in the same run; scripts/bench starts it. It prints a table, and however it ends, also by
 * Ctrl-C, no process and no temporary folder stays behind.
 */
import type { AsteriskVersion } from '../../lab/asterisk/asterisk.ts';
import { type AsteriskInstall, fetchAsterisk } from '../../lab/asterisk/fetch.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { endChildren, type Interruption } from '../terminal/interruption.ts';
import { measuringRun } from '../terminal/measuring-run.ts';
import type { ProgressLine } from '../terminal/progress-line.ts';
import { measureAnswer } from './answer.ts';
import { COMPETITORS_DIALPLAN, startBareScript } from './competitors.ts';
import { measureCost, startCostLab } from './cost.ts';
import { CROWD, type CrowdFigures, measureCrowd } from './crowd.ts';
import { Sheet } from './figures.ts';
import { measurePush } from './invite-to-push.ts';
import { measureLoad, startLoadLab } from './load.ts';
import { machineWords } from './machine.ts';
import { type BenchOptions, type Part, readOptions } from './options.ts';
import { measureOverload, startOverloadLab } from './overload.ts';
import { measureOwn, startOwnLab } from './own.ts';
import { writeIntoPage } from './page.ts';
import { measureRegister } from './register-to-invite.ts';
import { measureRestart } from './restart.ts';
import { crowdSize, measureRestartCrowd, startRestartCrowdLab } from './restart-crowd.ts';
import type { Rig } from './rig.ts';
import { lostNone, type Measured, renderTable } from './table.ts';

/** Two for each of four channels of each call of the crowd, and room. */
const RTP_PORTS = 2_000;
/** More than Asterisk's 100: the bare script bounds its connections by nothing, and shall not fail by that. */
const HTTP_SESSIONS = 1_000;

/** Parts that need a lab of their own. */
const OWN_LAB: ReadonlySet<Part> = new Set(['cost', 'own', 'load', 'overload']);

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    console.error(options);
    return 2;
  }
  return await measuringRun('scripts/bench', async (interruption, progress) => {
    const measured: Measured[] = [];
    for (const version of options.versions) measured.push(await measure(version, options, interruption, progress));
    progress.clear();
    const table = renderTable(measured, options.parts, machineWords(measured.map(({ exactly }) => exactly)));
    console.log(table);
    if (options.write) await writeIntoPage(table);
    return measured.every(lostNone) ? 0 : 1;
  });
}

async function measure(
  version: AsteriskVersion,
  options: BenchOptions,
  interruption: Interruption,
  progress: ProgressLine,
): Promise<Measured> {
  // What is interrupted while it starts is ended through its children: the start then fails, and clears up after itself.
  const stopFetching = interruption.on(endChildren);
  const install = await fetchAsterisk(version, { onProgress: (line) => progress.show(line) });
  stopFetching();
  interruption.check();
  const exactly = /\d+\.\d+\.\d+/.exec(install.packageVersion)?.[0] ?? String(version);
  const say = (text: string): void => progress.show(`Asterisk ${exactly}, ${text}`);
  const figures = new Sheet();
  const steps = new Sheet();
  const crowd = await measureSmall(version, options, { install, figures, steps, say, interruption });
  const inOwnLab = async <T>(part: Part, start: () => Promise<Lab>, act: (lab: Lab) => Promise<T>) => {
    if (!options.parts.includes(part)) return undefined;
    const stopWatching = interruption.on(endChildren);
    say(`the lab for ${part} starts`);
    await using lab = await start();
    stopWatching();
    interruption.check();
    return await interruption.orElse(act(lab));
  };
  const { quick } = options;
  const restartCrowd = await inOwnLab(
    'restart',
    () => startRestartCrowdLab(version, install, crowdSize(quick)),
    (lab) => measureRestartCrowd(lab, crowdSize(quick), say),
  );
  const cost = await inOwnLab(
    'cost',
    () => startCostLab(version, install),
    (lab) => measureCost({ lab, quick, figures, say }),
  );
  const own = await inOwnLab(
    'own',
    () => startOwnLab(version, install),
    (lab) => measureOwn({ lab, quick, figures, say }),
  );
  const load = await inOwnLab(
    'load',
    () => startLoadLab(version, install),
    (lab) => measureLoad(lab, figures, say),
  );
  const overload = await inOwnLab(
    'overload',
    () => startOverloadLab(version, install),
    (lab) => measureOverload({ lab, quick, figures, say }),
  );
  progress.clear();
  if (options.steps) console.error(`Asterisk ${exactly}, where the time goes:\n${steps.told()}`);
  return { exactly, figures, crowd, restartCrowd, cost, own, load, overload };
}

interface Bench {
  readonly install: AsteriskInstall;
  readonly figures: Sheet;
  readonly steps: Sheet;
  say(text: string): void;
  readonly interruption: Interruption;
}

/** All parts but those that need a lab of their own. */
async function measureSmall(
  version: AsteriskVersion,
  options: BenchOptions,
  { install, figures, steps, say, interruption }: Bench,
): Promise<CrowdFigures | undefined> {
  if (options.parts.every((part) => OWN_LAB.has(part))) return undefined;
  const stopWatching = interruption.on(endChildren);
  say('push services and router start');
  await using lab = await startLab({
    version,
    seats: CROWD,
    asterisk: { install, rtpPorts: RTP_PORTS, sessionLimit: HTTP_SESSIONS, extraDialplan: COMPETITORS_DIALPLAN },
  });
  await using _script = await startBareScript(lab.asterisk);
  stopWatching();
  interruption.check();
  const rig: Rig = { lab, share: options.quick ? 0.2 : 1, figures, steps, say };
  return await interruption.orElse(measureParts(rig, options));
}

async function measureParts(rig: Rig, { parts }: BenchOptions): Promise<CrowdFigures | undefined> {
  if (parts.includes('register')) await measureRegister(rig);
  if (parts.includes('push')) await measurePush(rig);
  if (parts.includes('answer')) await measureAnswer(rig);
  const crowd = parts.includes('crowd') ? await measureCrowd(rig) : undefined;
  if (parts.includes('restart')) await measureRestart(rig);
  return crowd;
}

// Whatever a call that was broken off has left in this process must not keep it alive.
process.exit(await main());
