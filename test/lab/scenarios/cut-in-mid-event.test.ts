/** The event connection breaks in the middle of an event, half of which has come: the router comes back, and what the event said counts all the same. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { letStay, talk } from '../../../lab/rigs/death.ts';
import { EventLine } from '../../../lab/rigs/event-line.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 10\nXIVO_MAPP_MSG_SOUND = beep';

describe.each([16, 22] as const)('the events of Asterisk %i break off in the middle of one', (version) => {
  let lab: Lab;
  let line: EventLine;

  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, globals: GLOBALS });
    line = await EventLine.before(lab);
  });
  afterEach(async () => {
    await lab.router.waitUntilHealthy();
    await lab.nothingRemains();
  });
  afterAll(async () => {
    await lab?.stop();
    await line?.stop();
  });

  it('EDGES 15: that says that a mobile has registered: it rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const cut = line.cutInside(/"type":"ContactStatusChange".*"contact_status":"(NonQualified|Reachable)"/);
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    await call.hears('sound');
    const subscription = `${lab.asterisk.stasisApp} endpoint:${alice.mobile.endpoint}`;
    await expect.poll(async () => (await lab.asterisk.leftovers()).subscriptions).toContain(subscription);
    await alice.mobile.wake();
    expect(await cut).toContain('mobile-1');
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(alice.mobile.calls).toHaveLength(1);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('EDGES 15: that says that a leg has answered: both talk', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    const cut = line.cutInside(/"type":"ChannelUserevent".*xivo-mapp-connected/);
    await alice.mobile.answer();
    await cut;
    // It is found out after the reconnect.
    await talk(lab, call, alice.mobile);
    await alice.mobile.hangUp();
    await call.waitFor('ended');
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
  });

  it('EDGES 15: that says that a leg has ended, or that the caller has left: it is known', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const bob = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const [refused, left] = await Promise.all([lab.caller().call(alice), lab.caller().call(bob)]);
    const cutEnd = line.cutInside(/"type":"ChannelDestroyed".*"xm-[0-9a-f]+-leg-/);
    await alice.webApp.refuse(486);
    await cutEnd;
    await refused.waitFor('ended');
    await lab.router.waitUntilHealthy();
    await bob.mobile.waitFor('ringing');
    const cutLeft = line.cutInside(/"type":"(StasisEnd|ChannelDestroyed)"/);
    await left.hangUp();
    await cutLeft;
    await bob.mobile.waitFor('cancelled');
    expect(await lab.story(left)).toMatchObject({ outcome: 'caller-left', reason: 'while-ringing' });
  });

  it('of a caller who arrives: the caller is found, and the mobile rings', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const cut = line.cutInside(/"type":"StasisStart"/);
    const call = await lab.caller().call(alice);
    await cut;
    await letStay(lab);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile', stasisStatus: 'SUCCESS' });
  });
});
