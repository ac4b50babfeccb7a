/**
 * A real Asterisk 16 or 22 for a test or for the demo: fetched if need be, configured like a XiVO host, booted on ports of its own on loopback, and gone
 * without a trace when stopped. Any number of them run side by side, as root or as an ordinary user. Never reads the system's Asterisk configuration.
 *
 *     const asterisk = await startAsterisk({
 *       version: 22,
 *       endpoints: [{ name: 'mobile1' }, { name: 'uc1', callerId: '"Bob" <1001>' }],          // password = name
 *       users: [{ id: '42', did: '1001', interface: 'PJSIP/uc1', ringSeconds: 10 }],
 *       globals: 'XIVO_MAPP_LOOPS_INTERVAL = 1',
 *     });
 *     asterisk.ariUrl, .ariUsername, .ariPassword, .stasisApp      for the router (ARI_URL, ARI_USERNAME, ARI_PASSWORD, ARI_APP)
 *     asterisk.sipHost, .sipPort                                   for phones (UDP; digest by endpoint name) and for the trunk, which calls
 *                                                                  from 127.0.0.2 without any password and lands in from-extern
 *     await asterisk.reloadGlobals('XIVO_MAPP_PLAY_MSG = "False"');
 *     await asterisk.awaitEnding({ userId: '42' });                status, reason and scenario with which the call left the dialplan
 *     await asterisk.awaitNothingLeft();                           no channel, no bridge, no subscription
 *     await asterisk.stop();                                       always, in afterAll; `await using` does it as well
 *
 * A call of the trunk to a did: from-extern, did, user (sets XIVO_DSTID and the user's variables), Gosub(xivo-mapp,s,1(<user id>)), and then by XIVO_MAPP_STATUS: ANSWERED
 * hangs up, PASSED goes on to XiVO's own Dial, all else answers and plays one second of TONES.noAnswer, and hangs up. A phone's call goes the same way from from-intern. A number that
 * is nobody's did is taken for a user id. Local/s@lab-idle is a channel that waits, Local/ring@lab-idle one that rings.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { claimPorts } from '../ports.ts';
import { Ami } from './ami.ts';
import { type AriAccess, askAri, type Leftovers, listLeftovers } from './ari-request.ts';
import { bootAsterisk, endAsterisk, tailLog } from './boot.ts';
import { CallLogs } from './call-logs.ts';
import { renderGlobals, writeRunFolder } from './conf.ts';
import { awaitThat } from './deadline.ts';
import { EndingsFile, matches } from './endings.ts';
import { fetchAsterisk } from './fetch.ts';
import { type AsteriskProcess, askCommandLine } from './process.ts';
import type { AsteriskSettings, LabAsterisk } from './settings.ts';

export { TONES } from './conf.ts';
export type { Ending } from './endings.ts';
export type { AsteriskVersion } from './fetch.ts';
export type { LabEndpoint } from './pjsip-conf.ts';
export type { AsteriskSettings, LabAsterisk } from './settings.ts';

const CLI_MS = 30_000;
const WAIT_MS = 30_000;
const DEFAULT_RTP_PORTS = 1000;
const HOST = '127.0.0.1';
const ENDINGS_TOLD = 100;

/** The project's own dialplan, or nothing while there is none. */
async function readHook(): Promise<string | undefined> {
  const file = resolve(import.meta.dirname, '../../dialplan/xivo-mapp.conf');
  return await readFile(file, 'utf8').catch(() => undefined);
}

/**
 * Boots an Asterisk and returns when ARI answers. Throws FetchError when there is none to boot, and an Error that ends with
 * the log's tail when it does not come up within 30 s; nothing is left behind then.
 */
export async function startAsterisk(settings: AsteriskSettings): Promise<LabAsterisk> {
  const { version } = settings;
  const install =
    settings.install ??
    (await fetchAsterisk(version, settings.onProgress === undefined ? {} : { onProgress: settings.onProgress }));
  const rtpPorts = settings.rtpPorts ?? DEFAULT_RTP_PORTS;
  const ports = await claimPorts(rtpPorts + 10);
  // Short, for the control socket's path may have 107 bytes.
  const runFolder = await mkdtemp(join(tmpdir(), `lab-asterisk-${version}-`));
  const sipPort = ports.first;
  const httpPort = ports.first + 1;
  // The block has room behind RTP.
  const managerPort = settings.site === true ? ports.first + rtpPorts + 6 : undefined;
  const web = settings.web === true ? { folder: join(runFolder, 'etc'), port: ports.first + rtpPorts + 7 } : undefined;
  const transports =
    settings.transports === true
      ? { folder: join(runFolder, 'etc'), sipPort, tlsPort: ports.first + rtpPorts + 8 }
      : undefined;
  const stasisApp = settings.stasisApp ?? 'xivo-mapp';
  const ari = {
    enabled: settings.ari?.enabled ?? true,
    username: settings.ari?.username ?? 'lab',
    password: settings.ari?.password ?? randomBytes(12).toString('hex'),
    readOnly: settings.ari?.readOnly ?? false,
  };
  const ariAccess: AriAccess = {
    ariUrl: `http://${HOST}:${httpPort}`,
    ariUsername: ari.username,
    ariPassword: ari.password,
  };
  const removeRun = async (): Promise<void> => {
    await ports.release();
    if (settings.keep !== true) await rm(runFolder, { recursive: true, force: true });
  };
  const undo = async (error: unknown): Promise<never> => {
    await removeRun();
    throw error;
  };
  const paths = await writeRunFolder({
    install,
    runFolder,
    httpPort,
    sessionLimit: settings.sessionLimit,
    systemName: settings.systemName,
    rtp: { first: ports.first + 4 + (ports.first % 2), last: ports.first + 4 + rtpPorts },
    ari,
    pjsip: {
      sipPort,
      endpoints: settings.endpoints,
      trunk: settings.trunk ?? {},
      contactStatusOnRefresh: settings.contactStatusOnRefresh ?? false,
      extra: settings.extraPjsip ?? '',
    },
    dialplan: {
      stasisApp,
      users: settings.users ?? [],
      hookDialplan: settings.hookDialplan ?? (await readHook()),
      extraDialplan: settings.extraDialplan ?? '',
    },
    mohDefault: settings.mohDefault ?? 'music',
    country: settings.country ?? 'us',
    indications: settings.indications,
    globals: settings.globals ?? '',
    managerPort,
    web,
    transports,
  }).catch(undo);
  const boot = (): Promise<AsteriskProcess> =>
    bootAsterisk({ install, paths, runFolder, ariAccess, ariEnabled: ari.enabled });
  let running = await boot().catch(undo);
  const cli = (command: string): Promise<string> => askCommandLine(install, paths.asteriskConf, command, CLI_MS);
  const kill = async (): Promise<void> => {
    running.signal('SIGKILL');
    await running.gone;
  };
  const start = async (): Promise<void> => {
    if (running.exited()) running = await boot();
  };
  const stop = async (): Promise<void> => {
    await endAsterisk(running);
    await removeRun();
    // Whatever the tests have seen of it: no call may end it.
    const crash = running.crash();
    if (crash !== undefined) throw new Error(`Asterisk ${version} has ended itself by ${crash}\n${running.output()}`);
  };
  const endings = new EndingsFile(paths.endingsFile);
  const logs = new CallLogs(paths.logFolder, cli);
  const leftovers = (): Promise<Leftovers> => listLeftovers(ariAccess);
  return {
    ...ariAccess,
    version,
    install,
    stasisApp,
    sipHost: HOST,
    sipPort,
    tlsPort: transports?.tlsPort,
    webSocketUrl: web === undefined ? undefined : `wss://${HOST}:${web.port}/ws`,
    trunkAddress: settings.trunk?.address ?? '127.0.0.2',
    runFolder,
    logFile: paths.logFile,
    globalsFile: paths.globalsFile,
    pid: () => running.pid,
    cli,
    reloadGlobals: async (text) => {
      await writeFile(paths.globalsFile, renderGlobals(text));
      await cli('dialplan reload');
    },
    ari: (method, path, query, body) => askAri(ariAccess, method, path, query, body),
    leftovers,
    awaitNothingLeft: async (withinMs = WAIT_MS) => {
      const isEmpty = (left: Leftovers): boolean => Object.values(left).every((list) => list.length === 0);
      await awaitThat(
        async () => (isEmpty(await leftovers()) ? true : undefined),
        withinMs,
        async () => `Asterisk still has ${JSON.stringify(await leftovers())}`,
      );
    },
    endings: () => endings.all(),
    awaitEnding: async (fields, withinMs = WAIT_MS) =>
      await awaitThat(
        async () => (await endings.all()).find((ending) => matches(ending, fields)),
        withinMs,
        async () =>
          `No ending with ${JSON.stringify(fields)} among ${JSON.stringify((await endings.all()).slice(-ENDINGS_TOLD))}`,
      ),
    cdrRows: (linkedid, withinMs = WAIT_MS) => logs.cdrRows(linkedid, withinMs),
    celRows: (linkedid, withinMs = WAIT_MS) => logs.celRows(linkedid, withinMs),
    ami: async () => {
      if (managerPort === undefined) throw new Error('This Asterisk has no AMI: say `site: true`');
      return await Ami.open(managerPort);
    },
    logTail: (lines = 40) => tailLog(paths.logFile, lines),
    kill,
    start,
    restart: async () => {
      await kill();
      await start();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
