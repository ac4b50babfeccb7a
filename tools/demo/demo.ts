/**
 * Five calls on a real Asterisk, told as each party saw them; scripts/demo starts it. It ends with 0 only if each call went as it should, and however it
 * ends, also by Ctrl-C, no process and no temporary folder stays behind.
 */
import { fetchAsterisk } from '../../lab/asterisk/fetch.ts';
import { type Lab, startLab } from '../../lab/lab.ts';
import { endChildren, Interruption } from '../terminal/interruption.ts';
import { whatWentWrong } from '../terminal/measuring-run.ts';
import { ProgressLine } from '../terminal/progress-line.ts';
import { CALLS } from './calls.ts';
import { type DemoOptions, readOptions } from './options.ts';
import { keepUp, ownPhones } from './own-softphone.ts';
import { type Paper, paperFor } from './paper.ts';
import { Scene } from './scene.ts';

/** Users: one for each call, and room for those of --keep. */
const SEATS = 8;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (typeof options === 'string') {
    console.error(options);
    return 2;
  }
  const paper = paperFor(process.stdout, process.env);
  const interruption = new Interruption();
  const progress = new ProgressLine(process.stderr);
  try {
    return await perform(options, paper, interruption, progress);
  } catch (error) {
    if (interruption.happened) return 130;
    console.error(`scripts/demo: ${whatWentWrong(error)}`);
    return 1;
  } finally {
    progress.clear();
    if (interruption.happened) console.error('Interrupted: everything has been ended.');
    interruption.over();
  }
}

async function perform(
  options: DemoOptions,
  paper: Paper,
  interruption: Interruption,
  progress: ProgressLine,
): Promise<number> {
  // What is interrupted while it starts is ended through its children: the start then fails, and clears up after itself.
  const stopWatching = interruption.on(endChildren);
  const { version } = options;
  const install = await fetchAsterisk(version, { onProgress: (line) => progress.show(line) });
  interruption.check();
  const exactly = /\d+\.\d+\.\d+/.exec(install.packageVersion)?.[0] ?? version;
  progress.show(`starting Asterisk ${exactly}, the push services and the router`);
  await using lab = await startLab({ version, seats: SEATS, asterisk: { install, ...ownPhones(options.keep) } });
  stopWatching();
  interruption.check();
  progress.clear();
  paper.line(
    `Asterisk ${exactly} (SIP ${lab.asterisk.sipHost}:${lab.asterisk.sipPort}), FCM and APNs on loopback, the router with pid ${lab.router.pid}.`,
  );
  paper.line('Times are milliseconds since the caller’s INVITE.');

  const failed = await interruption.orElse(playAll(lab, options, paper, progress, interruption));
  if (options.keep) {
    await interruption.orElse(keepUp(lab, paper)).catch((error: unknown) => {
      // Ctrl-C is how one leaves here.
      if (!interruption.happened) throw error;
      interruption.forgive();
    });
  }
  return failed === 0 ? 0 : 1;
}

/** The call that takes longest begins first, the others follow one after another; they are told in their order. Returns how many checks failed. */
async function playAll(
  lab: Lab,
  options: DemoOptions,
  paper: Paper,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<number> {
  const wanted = CALLS.filter((call) => options.call === undefined || call.letter === options.call);
  const scenes = wanted.map((call) => new Scene(lab, call));
  const waitsLong = scenes.filter(({ call }) => call.takesLong);
  const others = scenes.filter(({ call }) => !call.takesLong);
  const inBackground = waitsLong.map((scene) => scene.play());
  const oneAfterAnother = (async () => {
    for (const scene of others) await scene.play();
  })();
  for (const scene of scenes) {
    progress.count(`(${scene.call.letter}) ${scene.call.title} …`);
    await scene.played;
    // What was broken off has not failed.
    interruption.check();
    progress.clear();
    scene.tell(paper);
  }
  await Promise.all([...inBackground, oneAfterAnother]);

  let failed = scenes.reduce((sum, scene) => sum + scene.failures, 0);
  const total = scenes.reduce((sum, scene) => sum + scene.checks.length, 0) + 1;
  const remains = await lab.nothingRemains().then(
    () => undefined,
    (error: unknown) => error,
  );
  interruption.check();
  paper.heading('Afterwards');
  paper.check(
    remains === undefined,
    'nothing remains: no channel, bridge, subscription, call or socket',
    String(remains ?? ''),
  );
  if (remains !== undefined) failed += 1;
  paper.verdict(total, failed);
  if (failed > 0) {
    paper.line(`\nThe router's last lines (pid ${lab.router.isRunning ? `${lab.router.pid}` : 'none: it has ended'}):`);
    paper.line(lab.router.log.tail(12));
    if (!options.keep) paper.line('With --keep everything stays up, so that Asterisk and the router can be looked at.');
  }
  return failed;
}

// Whatever a call that was broken off has left in this process must not keep it alive.
process.exit(await main());
