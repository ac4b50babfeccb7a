/** Somebody answers while no router is there: caller and callee talk at once all the same. Whom nobody can be connected with is hung up; with an older copy of the dialplan calls go on without us. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { toldEndsOf, wakesOf } from '../../../lab/rigs/death.ts';
import { stillTalk } from '../../../lab/rigs/live-calls.ts';

describe.each([16, 22] as const)('answered while no router is there, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('EDGES 16: both talk at once; after its return the others are told, and nobody is pushed or rung twice', async () => {
    const spec = { ringingDevice: 'WebAppAndMobileApp', mobile: { wakesAfterMs: 100 } } as const;
    const alice = await lab.user(spec);
    const call = await lab.caller({ name: 'Carol', number: '0612345678' }).call(alice);
    await Promise.all(alice.handsets.map((handset) => handset.waitFor('ringing')));
    const callId = await lab.callId(call);
    await lab.router.kill();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await lab.router.start();
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    await stillTalk(call, alice.mobile);
    await lab.router.log.waitFor(`call ${callId} answered: mobile`);
    await call.hangUp();
    await alice.mobile.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
    expect(toldEndsOf(alice.mobile)).toEqual([]);
    expect(alice.handsets.map(({ calls }) => calls.length)).toEqual([1, 1]);
  });

  it('EDGES 5, 16: two answer, and exactly one talks', async () => {
    const alice = await lab.user({ ringingDevice: 'WebAppAndMobileApp', mobile: { is: 'awake' } });
    const call = await lab.caller().call(alice);
    await Promise.all(alice.handsets.map((handset) => handset.waitFor('ringing')));
    await lab.router.kill();
    await Promise.all(alice.handsets.map((handset) => handset.answer()));
    await call.waitFor('answered');
    await expect.poll(() => alice.handsets.filter((one) => !one.call.hasEnded).length).toBe(1);
    const [talking] = alice.handsets.filter((one) => !one.call.hasEnded);
    if (talking === undefined) throw new Error('nobody talks');
    await stillTalk(call, talking);
    await talking.hangUp();
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED' });
    await lab.router.start();
  });

  it('EDGES 13, 14: a leg whose caller is nowhere is hung up', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    const { endpoint } = alice.webApp;
    const variables = { XIVO_MAPP_CALLER: '1700000000.1' };
    const order = { endpoint, context: 'xivo-mapp-leg', extension: 's', priority: 1 };
    await lab.asterisk.ari('POST', '/channels/xm-0123456789abcdef-leg-1', order, { variables });
    await alice.webApp.answer();
    await alice.webApp.waitFor('ended');
    expect(alice.webApp.call.record.endedBy).toBe('there');
  });

  it('with an older copy of the dialplan calls go on in it at once, and the log names the cure once', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const talks = async () => {
      const call = await lab.caller().call(alice);
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await call.hangUp();
      return await lab.ending(call);
    };
    await lab.asterisk.cli('dialplan remove context xivo-mapp-answered');
    try {
      for (const _ of [1, 2]) expect(await talks()).toMatchObject({ reason: 'pbx-error', dialStatus: 'ANSWER' });
    } finally {
      await lab.asterisk.cli('dialplan reload');
    }
    expect(wakesOf(alice.mobile)).toBe(0);
    expect(await talks()).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(lab.router.log.find(/no context xivo-mapp-answered.*copy dialplan\/xivo-mapp\.conf/)).toHaveLength(1);
  });
});
