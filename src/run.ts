/**
 * Wires the router, top to bottom: settings, log, store, push, Asterisk, calls, HTTP; and takes it down again in reverse. The process is handed to it.
 * It must hold no rule of any call.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { callMetrics, fanOut } from './api/metrics.ts';
import { ApiError, startApi } from './api/server.ts';
import { AgiError, agiServer } from './asterisk/agi/server.ts';
import { watchNamedApplication } from './asterisk/app/named-application.ts';
import { connectAsterisk } from './asterisk/asterisk.ts';
import { Router } from './call/router.ts';
import { type Config, ConfigError, configExitStatus, readConfig, redacted } from './config/config.ts';
import { looseFiles } from './config/loose-files.ts';
import { createPush } from './push/create-push.ts';
import { credentialFaults, PushSettingsError } from './push/credentials.ts';
import { callHistoryIn } from './store/call-history.ts';
import { registryIn } from './store/registry.ts';
import { keepDatabase } from './store/sqlite/database.ts';
import { StoreFault } from './store/sqlite/fault.ts';
import { systemClock } from './system/clock.ts';
import { tellLastWords } from './system/last-words.ts';
import { leave } from './system/leave.ts';
import { errorText, type OpenLog, openLog, outputOf, shapeOf } from './system/log.ts';
import { notifySystemd } from './system/notify.ts';
import { prepareShutdown, type Shutdown } from './system/shutdown.ts';
import type { IgnoredSignals } from './system/signals.ts';

/** How long waiting calls may take to be given back when the router stops, in ms. */
const DRAIN_MS = 10_000;
const CLOSE_MS = 3_000;
/** How long those whom the run before has left waiting have the processor for themselves, once Asterisk has named them, in ms. */
const RING_FIRST_MS = 250;
/** For how long Asterisk is waited for so, in ms. */
const NAMES_THEM_MS = 2_000;

async function start(program: NodeJS.Process, config: Config, log: OpenLog, shutdown: Shutdown): Promise<void> {
  const clock = systemClock;
  log.info('xivo-mapp starts', redacted(config));
  for (const words of looseFiles(program.env, program.cwd(), program.getuid?.())) log.warn(words);
  const systemd = notifySystemd({
    socket: program.env.NOTIFY_SOCKET,
    watchdogUsec: program.env.WATCHDOG_USEC,
    watchdogPid: program.env.WATCHDOG_PID,
    pid: program.pid,
    clock,
    log,
  });

  const database = keepDatabase(config.databaseUrl, log);
  shutdown.later('database', CLOSE_MS, () => database.close());
  const registry = registryIn(database, clock, log);
  const calls = callHistoryIn(database, log);
  shutdown.later('history of calls', CLOSE_MS, () => calls.shut());

  if (config.fcm === undefined && config.apns === undefined)
    log.warn(
      'no push service is configured, so no sleeping mobile can be woken: set FCM_CREDENTIALS_FILE for Android, APNS_KEY_FILE and what goes with it for iPhones',
    );
  const push = createPush({ fcm: config.fcm, apns: config.apns, clock, log });
  shutdown.later('push', CLOSE_MS, () => push.close());

  const asterisk = connectAsterisk({ ...config.ari, clock, log });
  shutdown.later('Asterisk', CLOSE_MS, () => asterisk.close());
  const named = watchNamedApplication({ asterisk, app: config.ari.app, clock, log });
  shutdown.later('watch over the application name', CLOSE_MS, () => named.close());

  const agi = agiServer({ ...config.agi, log });
  shutdown.later('FastAGI', CLOSE_MS, () => agi.close());

  const metrics = callMetrics(
    () => router.stages(),
    () => asterisk.load.averageAnswerMs(),
  );
  const { load, legs, notes, registrations } = asterisk;
  const callHistory = fanOut(calls, metrics.callHistory);
  const router = new Router({ clock, load, legs, notes, registrations, registry, push, callHistory, log });
  shutdown.later('calls', DRAIN_MS, () => router.stop());

  const api = await startApi({
    ...config.http,
    registry,
    calls,
    metrics,
    log,
    health: () => {
      const { fcm, apns } = push.trouble();
      const part = (why: string | undefined) => (why === undefined ? { ok: true } : { ok: false, why });
      const ari = part(asterisk.trouble());
      const parts = {
        ari,
        load: part(router.shed()),
        dialplan: part(named.trouble()),
        store: part(database.fault()?.message),
        fcm: { ...part(fcm), configured: config.fcm !== undefined },
        apns: { ...part(apns), configured: config.apns !== undefined },
        log: part(log.trouble()),
      };
      // Without users, devices or pushes calls still go by what is known; without Asterisk there are none.
      return { healthy: ari.ok, parts };
    },
  });
  shutdown.later('HTTP', CLOSE_MS, () => api.close());
  log.info(`HTTP listens on ${config.http.host}:${api.port}`);

  const newCallId = () => `xm-${randomBytes(8).toString('hex')}`;
  const agiPort = await agi.listen((arrival) => router.ownDial({ callId: newCallId(), ...arrival }));
  log.info(`FastAGI listens on ${config.agi.host}:${agiPort}`);
  asterisk.onCaller(
    (arrival) => void router.route({ callId: newCallId(), ...arrival }),
    (lost) => void router.endLost(lost),
  );
  shutdown.later('systemd', CLOSE_MS, () => systemd.stopping());
  // Loading what speaks to the push services takes as long as all else did, and nothing moves meanwhile. A call that wants it before loads it
  // at once.
  await Promise.race([asterisk.firstTry(), pause(NAMES_THEM_MS)]);
  await pause(RING_FIRST_MS);
  await push.warmUp();
  await systemd.ready('routing calls');
}

/** Faults of the site's, told in words that say what to do; anything else is ours and comes with its stack. */
const TOLD_FAULTS = [StoreFault, PushSettingsError, ApiError, AgiError];

/** Until it is told to end. */
export async function run(program: NodeJS.Process, signals: IgnoredSignals): Promise<void> {
  let config: Config;
  try {
    config = readConfig(program.env, credentialFaults);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    program.stderr.write(`${errorText(error.message, shapeOf(program.env.JOURNAL_STREAM, 2))}\n`);
    program.exitCode = configExitStatus;
    return;
  }
  const shape = shapeOf(program.env.JOURNAL_STREAM);
  const log = openLog({ level: config.logLevel, to: outputOf(program), shape });
  signals.tellTo(log);
  tellLastWords(program, log);
  const shutdown = prepareShutdown(systemClock, log);
  shutdown.later('log', CLOSE_MS, () => log.close());
  shutdown.onSignals(program, (status) => void leave(program, status));
  try {
    await start(program, config, log, shutdown);
  } catch (error) {
    const told = TOLD_FAULTS.some((kind) => error instanceof kind);
    log.error(told && error instanceof Error ? error.message : 'the router cannot start', told ? {} : { error });
    await shutdown.run();
    program.exit(error instanceof PushSettingsError ? configExitStatus : 1);
  }
}
