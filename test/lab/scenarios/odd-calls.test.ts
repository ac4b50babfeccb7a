/**
 * Calls of which Asterisk cannot say everything, or that are none (EDGES 46): bytes that are no UTF-8 in Call-ID, called number, caller's number and name, and SIP messages. Nobody else's call may
 * suffer by them, and none of them may be kept.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answersAfter } from '../../../lab/phone/invite-policies.ts';
import { loneByte } from '../../../lab/phone/raw-bytes.ts';
import { dies, rings, waits } from '../../../lab/rigs/death.ts';

const GLOBALS = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_INTERVAL = 60';
/** Somebody else's call that lives on in the dialplan, and a number at which messages come to the router and are counted behind it. */
const DIALPLAN = `[from-extern](+)
exten => 5000,1,Answer()
 same => n,Wait(3600)
exten => 5999,1,Stasis(xivo-mapp,1001)
 same => n,Log(DTMF,LAB-ENDING userId=message|reason=\${MESSAGE(body)})
`;
let count = 0;
const oddCallId = (): string => {
  count += 1;
  return `odd${loneByte(0xff)}${loneByte(0xc3)}-${count}`;
};
const GIVEN_BACK = /WARN +Asterisk cannot describe the channel \S+, so it is given back/;

describe.each([16, 22] as const)('odd calls on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, asterisk: { mohDefault: 'tone', extraDialplan: DIALPLAN } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const isServed = async (alice: Callee): Promise<void> => {
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  };
  const takesAfterWaking = async (call: LabCall, alice: Callee): Promise<void> => {
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
  };

  it('a Call-ID that is no UTF-8: the caller is given back, the dialplan rings; one line says why; others are served meanwhile', async () => {
    const before = lab.router.log.find(GIVEN_BACK).length;
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const odd = await lab.caller().call(bob, { callId: oddCallId() });
    await odd.waitFor('ringing');
    await isServed(alice);
    await bob.mobile.answer();
    await odd.talksWith(bob.mobile);
    await isServed(alice);
    await odd.hangUp();
    expect(await lab.asterisk.awaitEnding({ userId: bob.userId })).toMatchObject({
      status: 'FAILED',
      reason: 'router-absent',
      dialStatus: 'ANSWER',
    });
    expect(bob.mobile.pushes).toEqual([]);
    expect(lab.router.log.find(GIVEN_BACK).length).toBe(before + 1);
  });

  it.each(['CHANNEL(accountcode)', 'CHANNEL(language)'])(
    '%s that is no UTF-8, from the dialplan: the caller is given back, the dialplan rings, others are served meanwhile',
    async (variable) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp' });
      const variables = { [variable]: `\${URIDECODE(a%e9)}` };
      const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' }, variables });
      const odd = await lab.caller().call(bob);
      await isServed(alice);
      await bob.mobile.answer();
      await odd.talksWith(bob.mobile);
      await isServed(alice);
      await odd.hangUp();
      const ending = { status: 'FAILED', reason: 'router-absent', dialStatus: 'ANSWER' };
      expect(await lab.asterisk.awaitEnding({ userId: bob.userId })).toMatchObject(ending);
      expect(bob.mobile.pushes).toEqual([]);
    },
  );

  it('the router is killed while such a call of somebody else lives: it comes back, and every caller and leg of its own is found', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const carol = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const waiting = await lab.caller().call(alice);
    const ringing = await lab.caller().call(carol);
    await waits(lab, waiting);
    await rings(lab, ringing);
    const odd = await lab.caller().call('5000', { callId: oddCallId() });
    await odd.waitFor('answered');
    await dies(lab);
    await carol.mobile.answer();
    await ringing.talksWith(carol.mobile);
    await takesAfterWaking(waiting, alice);
    await isServed(await lab.user({ ringingDevice: 'MobileApp' }));
    await Promise.all([ringing.hangUp(), odd.hangUp()]);
    expect(lab.router.log.find(/WARN +Asterisk cannot list its channels/).length).toBeGreaterThan(0);
    for (const [call, callee] of [
      [waiting, alice],
      [ringing, carol],
    ] as const) {
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
      expect(callee.mobile.pushes.filter(({ payload }) => payload.type === 'incoming-call')).toHaveLength(1);
    }
  });

  it('a called number, a caller’s number and a name that are no UTF-8: each gets through, by the router or by the dialplan', async () => {
    const mobile = { is: 'awake', does: answersAfter(50) } as const;
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile });
    const unknown = await lab.caller().call(`${alice.userId}%ff`);
    await unknown.waitFor('answered');
    await unknown.hangUp();
    for (const spec of [{ number: '061%ff23' }, { name: `Car${loneByte(0xff)}ol` }]) {
      const call = await lab.caller(spec).call(alice);
      await call.waitFor('answered');
      await call.talksWith(alice.mobile);
      await call.hangUp();
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    }
  });

  it('SIP messages to a dialplan that gives them to the router: each goes on at once, nobody is pushed', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const before = await lab.api.calls(50);
    const { phone } = lab.caller();
    await phone.open(0);
    for (const text of ['first', 'second']) {
      expect(await phone.text('5999', text)).toBe(202);
      await lab.asterisk.awaitEnding({ userId: 'message', reason: text });
    }
    await isServed(alice);
    expect(lab.router.log.find(/WARN +a SIP message, which is no call, came to the router/)).toHaveLength(1);
    expect(await lab.api.calls(50)).toHaveLength(before.length + 1);
  });
});
