/**
 * Push services that are out of order for everybody: not there, with a wrong certificate, dropping, leaving, talking nonsense. Calls go on by what registers by
 * itself, the log says once what is broken and once that it works again, however many calls there were. Nothing of it depends on Asterisk's version.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { drop, garbage, goaway, hang, refuse, reset, type ServiceAnswer } from '../../../lab/push/answers.ts';
import { makeCertificates } from '../../../lab/push/certificate.ts';
import { healthOf } from '../../../lab/rigs/sick-store.ts';

const PATIENT = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 60\nXIVO_MAPP_PLAY_MSG = False';
/** Every mobile is pushed, and none comes. */
const HASTY = PATIENT.replace('= 60', '= 4');
const BOTH = [{ platform: 'android' }, { platform: 'ios' }] as const;
const CALLS = 12;

describe('push services out of order for everybody', () => {
  let lab: Lab;
  let sinceMs: number;
  beforeAll(async () => {
    lab = await startLab({ version: 22, globals: PATIENT, seats: CALLS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const services = () => [lab.push.fcm, lab.push.apns];
  /** What the log has said since the test began, of what fits. */
  const told = (what: RegExp) =>
    lab.router.log
      .find(what)
      .filter(({ atMs }) => atMs >= sinceMs)
      .map(({ text }) => text);

  async function isAnswered(callee: Callee, call: LabCall): Promise<void> {
    await callee.mobile.answer();
    await call.waitFor('answered');
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  }

  /** Each service has been told of once, and has its reason in /healthz. */
  async function toldOnce(why: RegExp, withinMs = 10_000): Promise<void> {
    for (const service of ['FCM', 'APNs']) {
      await lab.router.log.waitFor(
        new RegExp(`ERROR pushes through ${service} fail; .*(${why.source})`),
        withinMs,
        sinceMs,
      );
    }
    const { status, parts } = await healthOf(lab);
    expect([status, parts.ari.ok, parts.fcm.ok, parts.apns.ok]).toEqual([200, true, false, false]);
    expect(told(/ (ERROR|WARN ) /)).toHaveLength(2);
  }

  /** A push goes out again over each service, and the log says so once. */
  async function comesBack(): Promise<void> {
    const callee = await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH });
    await isAnswered(callee, await lab.caller().call(callee));
    for (const service of ['FCM', 'APNs']) {
      await lab.router.log.waitFor(`INFO  pushes through ${service} work again`, 10_000, sinceMs);
    }
    expect(told(/ (ERROR|WARN ) /)).toHaveLength(2);
    expect(told(/work again/)).toHaveLength(2);
    const { parts } = await healthOf(lab);
    expect([parts.fcm, parts.apns]).toEqual([{ ok: true }, { ok: true }]);
  }

  const answering = (fcm: ServiceAnswer, apns: ServiceAnswer) => {
    lab.push.fcm.answers.toAll(fcm);
    lab.push.apns.answers.toAll(apns);
  };
  const accepting = () => {
    for (const { answers } of services()) answers.reset();
  };
  // Each shows otherwise than those before: the same news is told once a minute.
  const FAULTS: readonly {
    readonly fault: string;
    readonly spoil: () => unknown;
    readonly mend: () => unknown;
    readonly why: RegExp;
    readonly withinMs?: number;
  }[] = [
    {
      fault: 'refuse the connection',
      spoil: () => Promise.all(services().map(({ connections }) => connections.leave())),
      mend: () => Promise.all(services().map(({ connections }) => connections.comeBack())),
      why: /nothing listens there .ECONNREFUSED.: look at the network, or at (FCM|APNS)_URL/,
    },
    {
      fault: 'show a certificate that is not trusted',
      spoil: () => {
        const strange = makeCertificates();
        for (const { connections } of services()) connections.show(strange);
      },
      mend: () => {
        for (const { connections } of services()) connections.show(lab.push.certificates);
      },
      why: /the server's certificate is not trusted/,
    },
    {
      fault: 'answer in HTML, or take their leave (GOAWAY)',
      spoil: () => answering(garbage(502), goaway),
      mend: accepting,
      why: /FCM: HTTP 502|APNs: connection lost/,
    },
    {
      fault: 'keep silent, or fail inside',
      spoil: () => answering(hang, refuse(500, 'InternalServerError')),
      mend: accepting,
      why: /no answer in 15 s|HTTP 500/,
      // An answer may take so long.
      withinMs: 25_000,
    },
  ];

  it.each(FAULTS)(
    'EDGES 18: they $fault: a mobile that wakes by itself rings, and the log says it once',
    async (given) => {
      const callee = await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH });
      sinceMs = nowMs();
      await given.spoil();
      const call = await lab.caller().call(callee);
      await toldOnce(given.why, given.withinMs);
      await callee.mobile.wake();
      await isAnswered(callee, call);
      await given.mend();
      await comesBack();
    },
  );

  it(`EDGES 18: ${CALLS} calls during an outage: each falls back in time, and the log has one line for each service besides the calls' own`, async () => {
    await lab.asterisk.reloadGlobals(HASTY);
    const callees: Callee[] = [];
    while (callees.length < CALLS) callees.push(await lab.user({ ringingDevice: 'MobileApp', mobiles: BOTH }));
    sinceMs = nowMs();
    // In several ways, as it is in life.
    lab.push.fcm.answers.next(CALLS, drop);
    lab.push.apns.answers.next(CALLS, reset);
    answering(refuse(503, 'UNAVAILABLE'), refuse(503, 'ServiceUnavailable'));
    const callers = callees.map(() => lab.caller({ audio: { socket: false } }));
    const calls = await Promise.all(callers.map((caller, index) => caller.call(callees[index]?.number ?? '')));
    await toldOnce(/FCM: |APNs: /);
    const endings = await Promise.all(calls.map((call) => fallsBack(lab, call)));
    expect(endings.map(({ status, reason }) => `${status} ${reason}`)).toEqual(calls.map(() => 'NOANSWER wait-over'));
    expect(told(/ (ERROR|WARN ) /)).toHaveLength(2);
    accepting();
  });
});
