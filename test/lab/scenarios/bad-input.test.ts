/**
 * Junk from every side while callers wait, and the end of the router with callers in it: each gets a clear error or a way on, and no call is lost. What is
 * asked of the HTTP API here goes over the wire as it stands, not through the client of the lab.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { badUsers } from '../../../lab/rigs/bad-bodies.ts';

const GLOBALS = 'XIVO_MAPP_MSG_SOUND = beep';
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;

/** Numbers, and the user ids that the dialplan makes of them. */
const strangeIds: ReadonlyMap<string, string> = new Map([
  ['61', ''],
  ['62', '../../etc/passwd'],
  ['63', "1001' OR '1'='1"],
  ['64', 'x'.repeat(300)],
  ['65', 'é 電話'],
]);
const DIALPLAN = `[lab-did](+)\n${[...strangeIds]
  .map(([number, id]) => `exten => ${number},1,Set(LAB_USER=${id})\n same => n,Return()\n`)
  .join('')}`;

const problem = z.object({
  type: z.string(),
  detail: z.string().min(10),
  errors: z.array(z.object({ name: z.string(), detail: z.string() })).optional(),
});

describe.each([16, 22] as const)('bad input on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { mohDefault: 'tone', extraDialplan: DIALPLAN } });
  });
  afterEach(async () => {
    await lab.router.start();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  const put = (path: string, body: string, contentType = 'application/json'): Promise<Response> =>
    fetch(`${lab.router.url}${path}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${lab.router.environment.API_KEY}`, 'content-type': contentType },
      body,
    });
  /** The callee's mobile is woken now, and takes the call that has waited all along. */
  const takes = async (call: LabCall, alice: Callee): Promise<void> => {
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  };
  const waitingCall = async (alice: Callee): Promise<LabCall> => {
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    await call.hears(TONES.mohDefault);
    return call;
  };

  it('registry bodies of every wrong kind while a call waits: each is refused in words, and nothing is changed', async () => {
    const alice = await lab.user(sleeper);
    const call = await waitingCall(alice);
    const path = `/v1/users/${alice.userId}`;
    const before = await lab.api.ask('GET', path);
    const devices = await lab.api.ask('GET', `${path}/devices`);
    for (const { what, body, status, names = [], contentType } of badUsers) {
      const answer = await put(path, body, contentType);
      expect(answer.status, what).toBe(status);
      expect(answer.headers.get('content-type'), what).toBe('application/problem+json');
      const told = problem.parse(await answer.json());
      for (const name of names) expect(told.errors?.map((error) => error.name)).toContain(name);
    }
    expect(await lab.api.ask('GET', path)).toEqual(before);
    expect(await lab.api.ask('GET', `${path}/devices`)).toEqual(devices);
    await takes(call, alice);
  });

  it('devices of every wrong kind: refused by name, and no token is shown', async () => {
    const alice = await lab.user(sleeper);
    const token = 'a-token-that-nobody-must-see';
    for (const [body, name] of [
      [{ platform: 'symbian', token }, 'platform'],
      [{ platform: 'ios', token }, 'token'],
      [{ platform: 'android', token, alertToken: token }, 'alertToken'],
      [{ platform: 'android', token: `${token} ` }, 'token'],
      [{ platform: 'android', token, pushToken: token }, 'pushToken'],
    ] as const) {
      const answer = await put(`/v1/users/${alice.userId}/devices/other`, JSON.stringify(body));
      expect(answer.status).toBe(422);
      const text = await answer.text();
      expect(problem.parse(JSON.parse(text)).errors?.map((error) => error.name)).toContain(name);
      expect(text).not.toContain(token);
    }
    const nobody = await put('/v1/users/nobody/devices/other', JSON.stringify({ platform: 'android', token }));
    expect(nobody.status).toBe(404);
    expect(lab.router.log.tail(10_000)).not.toContain(token);
  });

  it('without the key, or with a wrong one, nothing is told', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'Basic eDp5' }]) {
      const answer = await fetch(`${lab.router.url}/v1/calls`, { headers });
      expect(answer.status).toBe(401);
      await answer.text();
    }
    expect((await fetch(`${lab.router.url}/healthz`)).status).toBe(200);
  });

  it('events of types that nobody knows, large ones too, while a call waits: the call goes on', async () => {
    const alice = await lab.user(sleeper);
    const call = await waitingCall(alice);
    for (const text of ['{"type":"StasisEnd"}', 'x'.repeat(2_000), '\u001f"\\']) {
      const sent = await lab.asterisk.ari(
        'POST',
        '/events/user/StasisStart',
        { application: lab.asterisk.stasisApp },
        { variables: { type: 'StasisStart', text } },
      );
      expect(sent.status).toBe(204);
    }
    await takes(call, alice);
    expect(lab.router.log.find(/ERROR/)).toEqual([]);
  });

  it('user ids that make no sense are passed back', async () => {
    const [before, lines] = [await lab.api.calls(1), lab.router.log.lines.length];
    for (const number of strangeIds.keys()) {
      const call = await lab.caller().call(number);
      expect(await fallsBack(lab, call)).toMatchObject({ status: 'PASSED', reason: 'unknown-user' });
    }
    expect(await lab.api.calls(1)).toEqual(before);
    expect(lab.router.log.lines.slice(lines)).toEqual([]);
  });

  it('a caller with a strange name and number: shown as they are, and the log stays one line for each', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const name = "Zoé O'Hara ¿電話? <b>$[1+1]</b>";
    const call = await lab.caller({ name, number: '+33*#' }).call(alice);
    const push = await alice.mobile.waitForPush();
    expect(push.payload).toMatchObject({ callerName: name, callerNumber: '+33*#' });
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
  });

  it('SIGTERM: whose call waits or rings is rung directly when no router comes back, and who talks goes on talking', async () => {
    const alice = await lab.user({ ...sleeper, webApp: {} });
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const carol = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const talking = await lab.caller().call(bob);
    await bob.mobile.answer();
    await talking.talksWith(bob.mobile);
    const waiting = await waitingCall(alice);
    const ringing = await lab.caller().call(carol);
    await carol.mobile.invited();
    const [status] = await Promise.all([lab.router.terminate(), carol.mobile.waitFor('cancelled')]);
    expect(status).toBe(0);

    await Promise.all([alice.webApp.answer(), carol.mobile.answer()]);
    await Promise.all([waiting.talksWith(alice.webApp), ringing.talksWith(carol.mobile)]);
    const sinceMs = nowMs();
    await Promise.all([
      talking.sip.waitUntilHears(bob.mobile.toneHz, 5_000, sinceMs),
      bob.mobile.call.waitUntilHears(talking.toneHz, 5_000, sinceMs),
    ]);
    for (const call of [waiting, ringing]) {
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'FAILED', reason: 'router-stopping' });
    }

    await lab.router.start();
    await bob.mobile.hangUp();
    await talking.waitFor('ended');
    expect(await lab.ending(talking)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
