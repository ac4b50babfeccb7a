/**
 * The lab: a real Asterisk, both push services, the router as a process of its own, and as many scripted phones as a scenario wants, all on loopback. A whole
 * scenario, on either version:
 *
 *     const lab = await startLab({ version: 22, globals: 'XIVO_MAPP_LOOPS_INTERVAL = 1' });             // in beforeAll
 *     const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { platform: 'ios', wakesAfterMs: 800 } });
 *     const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
 *     await call.hears('sound');                                  // music on hold, while the mobile wakes
 *     await alice.mobile.answer();                                // as soon as it rings
 *     await call.talksWith(alice.mobile);                         // both hear each other's tone
 *     await call.hangUp();
 *     expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });            // as the dialplan saw it
 *     expect((await lab.story(call)).timeline.map((entry) => entry.what)).toContain('push-sent');        // GET /v1/calls/{id}
 *     await lab.nothingRemains();                                 // after each test; in afterAll: await lab.stop()
 *
 * A user   lab.user({ ringingDevice, mobile | mobiles, webApp, ringSeconds, musicClass, name, variables, inRegistry }): callee.ts, mobile.ts, seats.ts. It takes one of
 *          `seats` (12) and is gone after nothingRemains(). callee.mobile, .mobiles, .webApp, .number, .userId.
 * Phones   callee.mobile and callee.webApp (handset.ts) answer(), refuse(486), hangUp(), waitFor('cancelled'), hears(call), .calls, .call, .phone (the SIP phone itself: die(),
 *          sleep(), comeBackOnAnotherPort(), trace.fullText()); a mobile also .pushes, waitForPush('call-ended'), wake(), onPush = (push) => ….
 * Calls    lab.caller({ name, number, audio, toneHz }).call(alice or '1001', { video, neverAck }): waitFor('ringing'), hears(tone | 'ringback' | 'sound' | party), heard(),
 *          talksWith(handset), hangUp(), record (statuses, times, connected lines), sip (the SIP call itself). caller.ts.
 * Parts    lab.asterisk (asterisk/asterisk.ts: cli, ari, reloadGlobals, kill, restart), lab.push (fcm.answers.next(2, refuse(503, 'UNAVAILABLE')), push/answers.ts),
 *          lab.router (router.ts: log.find(/…/), log.waitFor, kill, terminate, start, restart, environment), lab.api (api-client.ts: ask, calls, story, metrics).
 * Office   startLab(officeSettings(22)) of rigs/office.ts has what a XiVO has beside calls: lab.asterisk.cdrRows(id), celRows(id), ami(); rigs/transfer-cells.ts and rigs/moves.ts hold
 *          every transfer, hold, parking, pickup, each told by which way its call shall go (BY_DIAL, or the router's).
 * Times    nowMs() of phone/clock.ts everywhere. Every wait has a deadline (10 s unless said) and fails with what happened instead.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ApiClient, type Story } from './api-client.ts';
import { type Ending, type LabAsterisk, startAsterisk } from './asterisk/asterisk.ts';
import { type Callee, deviceBody, seatCallee, type UserSpec, userBody } from './callee.ts';
import { Caller, type CallerSpec, type LabCall } from './caller.ts';
import { awaitQuiet, clearTable, type Table } from './departure.ts';
import { SOON_MS } from './handset.ts';
import type { LabSettings } from './lab-settings.ts';
import { type PushServices, startPushServices } from './push/services.ts';
import { LabRouter } from './router.ts';
import {
  endpointsOf,
  hasTraits,
  type Seat,
  seatsDialplan,
  seatsOf,
  TRAITS_FILE,
  type Traits,
  traitsDialplan,
} from './seats.ts';
import { callIdOf, storyOf } from './told-call.ts';

export type { LabSettings } from './lab-settings.ts';

/** Boots everything and returns when the router is healthy. Throws, and leaves nothing behind, when a part does not come up. */
export async function startLab(settings: LabSettings): Promise<Lab> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'lab-router-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  const push = await startPushServices();
  started.defer(() => push.close());
  const seats = seatsOf(settings.seats ?? 12);
  const { endpoints = [], extraDialplan = '', ...more } = settings.asterisk ?? {};
  const asterisk = await startAsterisk({
    version: settings.version,
    ...more,
    ...(settings.globals === undefined ? {} : { globals: settings.globals }),
    ...(settings.onProgress === undefined ? {} : { onProgress: settings.onProgress }),
    endpoints: [...endpointsOf(seats), ...endpoints],
    extraDialplan: `${seatsDialplan(seats)}\n${extraDialplan}`,
  });
  started.defer(() => asterisk.stop());
  // The block of ports that this Asterisk holds has room between ARI and RTP.
  const httpPort = asterisk.sipPort + 2;
  const apiKey = randomBytes(24).toString('hex');
  const router = new LabRouter(`http://127.0.0.1:${httpPort}`, {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: folder,
    TZ: 'UTC',
    ARI_URL: asterisk.ariUrl,
    ARI_USERNAME: asterisk.ariUsername,
    ARI_PASSWORD: asterisk.ariPassword,
    ARI_APP: asterisk.stasisApp,
    XIVO_GLOBALS_FILE: asterisk.globalsFile,
    HTTP_PORT: String(httpPort),
    AGI_PORT: String(httpPort + 1),
    API_KEY: apiKey,
    DATABASE_URL: `sqlite:${join(folder, 'router.sqlite')}`,
    ...push.environment,
    ...settings.environment,
  });
  started.defer(() => router.kill());
  if (settings.startRouter !== false) await router.start();
  return new Lab({ asterisk, push, router, api: new ApiClient(router.url, apiKey) }, seats, started.move());
}

export class Lab implements AsyncDisposable {
  readonly asterisk: LabAsterisk;
  readonly push: PushServices;
  readonly router: LabRouter;
  readonly api: ApiClient;
  readonly #seats: readonly Seat[];
  readonly #started: AsyncDisposableStack;
  readonly #traits = new Map<string, Traits>();
  #callees: Callee[] = [];
  #callers: Caller[] = [];
  #taken = 0;

  constructor(
    parts: Pick<Lab, 'asterisk' | 'push' | 'router' | 'api'>,
    seats: readonly Seat[],
    started: AsyncDisposableStack,
  ) {
    this.asterisk = parts.asterisk;
    this.push = parts.push;
    this.router = parts.router;
    this.api = parts.api;
    this.#seats = seats;
    this.#started = started;
  }

  /** A user with phones, known to the router's registry through its HTTP API. */
  async user(spec: UserSpec): Promise<Callee> {
    const seat = this.#seats[this.#taken];
    if (seat === undefined) throw new Error(`All ${this.#seats.length} seats are taken: say \`seats\` to startLab()`);
    this.#taken += 1;
    if (hasTraits(spec)) {
      this.#traits.set(seat.userId, spec);
      await this.#tellTraits();
    }
    const callee = await seatCallee(seat, spec, this.asterisk, this.push);
    this.#callees.push(callee);
    if (spec.inRegistry !== false) {
      await this.api.put(`/v1/users/${callee.userId}`, userBody(callee, spec));
      for (const mobile of callee.mobiles) {
        await this.api.put(`/v1/users/${callee.userId}/devices/${mobile.deviceId}`, deviceBody(mobile));
      }
    }
    return callee;
  }

  /** Somebody outside, who calls through the trunk: Carol, 0612345678, unless said. */
  caller(spec: CallerSpec = {}): Caller {
    const { trunkAddress, sipHost, sipPort } = this.asterisk;
    const caller = new Caller(spec, trunkAddress, { host: sipHost, port: sipPort });
    this.#callers.push(caller);
    return caller;
  }

  /** How the call left the dialplan: status, reason, scenario, as soon as its channel has ended. */
  ending(call: LabCall, withinMs = SOON_MS): Promise<Ending> {
    return this.asterisk.awaitEnding({ callId: call.sipCallId }, withinMs);
  }

  /** The router's own id of the call, as soon as it has one; also while the call goes on. */
  callId(call: LabCall, withinMs = SOON_MS): Promise<string> {
    return callIdOf(call, this, withinMs);
  }

  /** GET /v1/calls/{id}, by its id or by the caller's call; of a call that is over, the whole story. */
  story(call: LabCall | string, withinMs = SOON_MS): Promise<Story> {
    return storyOf(call, this, withinMs);
  }

  /**
   * Waits until no call is left: at the phones, in Asterisk (channels, bridges, subscriptions), in the router. Then takes all phones and users out of the world and
   * sets the push services back to accepting, for the next test. Throws what remained, after clearing it.
   */
  async nothingRemains(withinMs = SOON_MS): Promise<void> {
    const table = this.#table;
    try {
      await awaitQuiet(table, withinMs);
    } finally {
      this.#callees = [];
      this.#callers = [];
      this.#taken = 0;
      for (const service of [this.push.fcm, this.push.apns]) service.answers.reset();
      this.push.fcm.tokenAnswers.reset();
      const hadTraits = this.#traits.size > 0;
      this.#traits.clear();
      await clearTable(table);
      if (hadTraits) await this.#tellTraits();
    }
  }

  /** Ends everything, politely where it can, and for sure. Throws when the router did not end by itself within 15 s of SIGTERM. */
  async stop(): Promise<void> {
    const table = this.#table;
    try {
      await clearTable(table).catch(() => undefined);
      await this.router.terminate();
    } finally {
      await this.#started.disposeAsync();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #table(): Table {
    const { asterisk, router, api } = this;
    return { asterisk, router, api, callees: this.#callees, callers: this.#callers };
  }

  async #tellTraits(): Promise<void> {
    await writeFile(join(dirname(this.asterisk.globalsFile), TRAITS_FILE), traitsDialplan(this.#traits));
    await this.asterisk.cli('dialplan reload');
  }
}
