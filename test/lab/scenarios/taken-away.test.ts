/**
 * A waiting caller is taken away by whoever may do that (AMI, a transfer, the command line) and comes back to the same user: that is another call, pushed again, and rings. Only the
 * dialplan's own retry after a router that stopped goes on with a call; shutdown.test.ts has that.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TONES } from '../../../lab/asterisk/asterisk.ts';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { Mobile } from '../../../lab/mobile.ts';
import { channelOf, toldEndsOf, waits, wakesOf } from '../../../lab/rigs/death.ts';
import { OWN_DIAL, OWN_DIALPLAN, tellWhere } from '../../../lab/rigs/own-dial.ts';
import { channelOf as sipChannelOf } from '../../../lab/rigs/talk.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 20\nXIVO_MAPP_MSG_SOUND = beep';
const sleeper = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } } as const;
/** Where callers are taken to: back to the user, and to a place where they wait. */
const AWAY = `${OWN_DIALPLAN}
[lab-away]
exten => _X.,1,Gosub(user,s,1(\${EXTEN}))
 same => n,Hangup()
exten => wait,1,MusicOnHold()
`;
const sample = readFileSync(resolve(import.meta.dirname, '../../../dialplan/xivo-mapp.conf'), 'utf8');
/** As sites have it that did not copy the dialplan anew: the checkpoint is handed on at every entry. */
const OLDER = sample.replace(' same => n,Set(XIVO_MAPP_MEMORY=)\n', '');

describe.each([
  { version: 16, dialplan: 'ours' },
  { version: 22, dialplan: 'ours' },
  { version: 16, dialplan: 'an older copy' },
  { version: 22, dialplan: 'an older copy' },
] as const)('a caller who is taken away on Asterisk $version, the dialplan is $dialplan', ({ version, dialplan }) => {
  let lab: Lab;
  beforeAll(async () => {
    const hook = dialplan === 'ours' ? {} : { hookDialplan: OLDER };
    lab = await startLab({
      version,
      globals: GLOBALS,
      asterisk: { mohDefault: 'tone', extraDialplan: AWAY, ...hook },
    });
    await tellWhere(lab);
  });
  afterEach(async () => {
    await lab.router.start();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  const takeTo = (channelId: string, where: string) => lab.asterisk.cli(`channel redirect ${channelId} ${where},1`);
  const pushed = async (mobile: Mobile, times: number): Promise<string> => {
    await expect.poll(() => wakesOf(mobile)).toBe(times);
    const wakes = mobile.pushes.filter(({ payload }) => payload.type === 'incoming-call');
    return String(wakes.at(-1)?.payload.callId);
  };
  const isAnswered = async (call: LabCall, mobile: Mobile): Promise<void> => {
    await mobile.wake();
    await mobile.answer();
    await call.talksWith(mobile);
    expect((await leftToIt(call)).seconds).toBe(0);
    await call.hangUp();
  };
  /** After how many seconds its channel will be taken back or ended, 0 for never, and what the dialplan keeps of ours. */
  const leftToIt = async (call: LabCall) => {
    const { id } = await sipChannelOf(lab, call.sip);
    return {
      seconds: Number(await channelVariable(lab.asterisk, id, 'TIMEOUT(absolute)')),
      ours: await channelVariable(lab.asterisk, id, 'XIVO_MAPP_PATIENCE'),
    };
  };

  it('and comes back to the same user is pushed again and answered; the first call has its end', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    const { callId, channelId } = await waits(lab, call);
    await takeTo(channelId, `lab-away,${alice.number}`);
    const second = await pushed(alice.mobile, 2);
    expect(second).not.toBe(callId);
    await isAnswered(call, alice.mobile);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await expect.poll(async () => (await lab.story(callId)).ended).toBe(true);
    const first = await lab.story(callId);
    expect(first).toMatchObject({ outcome: 'caller-left', reason: 'moved' });
    expect(facts(first, 'caller-left')).toEqual([{ detail: 'the channel was moved to another place in the dialplan' }]);
    expect(toldEndsOf(alice.mobile)).toContain('caller-left');
    await expect.poll(() => lab.api.story(second)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });

  it('and comes back later, when the first call has long been told of its end, is pushed again and answered', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    const { callId, channelId } = await waits(lab, call);
    await takeTo(channelId, 'lab-away,wait');
    await alice.mobile.waitForPush('call-ended');
    await expect.poll(async () => (await lab.story(callId)).ended).toBe(true);
    // Nothing of ours ends the call there.
    await expect.poll(() => leftToIt(call)).toEqual({ seconds: 0, ours: '' });
    await takeTo(channelId, `lab-away,${alice.number}`);
    await pushed(alice.mobile, 2);
    await isAnswered(call, alice.mobile);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('of whom the site has said how long the call may last: that counts again, and nothing of ours', async () => {
    const alice = await lab.user({ ...sleeper, variables: { 'TIMEOUT(absolute)': '500' } });
    const call = await lab.caller().call(alice);
    const { callId, channelId } = await waits(lab, call);
    await takeTo(channelId, 'lab-away,wait');
    await expect.poll(async () => (await lab.story(callId)).ended).toBe(true);
    await expect.poll(async () => (await leftToIt(call)).seconds).toBeGreaterThan(460);
    await call.hangUp();
  });

  it('while no router is there, and comes back to the next one, is pushed again and answered', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call(alice);
    const { channelId } = await waits(lab, call);
    await lab.router.kill();
    await takeTo(channelId, 'lab-away,wait');
    await lab.router.start();
    await expect.poll(() => leftToIt(call)).toEqual({ seconds: 0, ours: '' });
    await takeTo(channelId, `lab-away,${alice.number}`);
    await pushed(alice.mobile, 2);
    await isAnswered(call, alice.mobile);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('from a dialplan with its own Dial, and comes back to the same user, is pushed again and answered', async () => {
    const alice = await lab.user(sleeper);
    const call = await lab.caller().call({ number: `${OWN_DIAL}${alice.number}` });
    const callId = await pushed(alice.mobile, 1);
    await call.hears(TONES.mohDefault);
    await takeTo(await channelOf(lab, callId), 'lab-own-dial,s');
    expect(await pushed(alice.mobile, 2)).not.toBe(callId);
    await isAnswered(call, alice.mobile);
    expect(await lab.ending(call)).toMatchObject({ status: 'READY', reason: 'mobile', dialStatus: 'ANSWER' });
  });
});
