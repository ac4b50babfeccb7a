/** EDGES 16: the router dies (kill -9) between an answer and the conversation, or in it. Whoever has answered is talked to, the conversation never notices, and its end is cleaned up. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import { dies, rings, talk, wakesOf } from '../rigs/death.ts';
import { stillTalk } from '../rigs/live-calls.ts';
import { RequestGate } from '../rigs/request-gate.ts';

const awake = { ringingDevice: 'MobileApp', mobile: {} } as const;

describe.each([16, 22] as const)('a router that dies after the answer on Asterisk %i', (version) => {
  let lab: Lab;
  let gate: RequestGate;
  beforeAll(async () => {
    // A long one, so that it plays whenever somebody answers.
    const globals = 'XIVO_MAPP_MSG_SOUND = demo-congrats';
    lab = await startLab({ version, globals, startRouter: false });
    gate = await RequestGate.before(lab);
  });
  afterEach(async () => {
    await lab.router.start();
    await lab.nothingRemains();
  });
  afterAll(async () => {
    await lab?.stop();
    await gate?.stop();
  });

  it.each([
    { step: 'the leg is put into the bridge', order: /^POST .*\/addChannel\?channel=.*xm-/ },
    { step: 'the caller is answered', order: /^POST .*\/answer/ },
    { step: 'the message stops', order: /^DELETE .*\/playbacks\// },
    { step: 'the other phone is hung up', order: /^DELETE .*\/channels\/xm-/ },
  ])('EDGES 16: before $step: after its return the two talk', async ({ order }) => {
    const alice = await lab.user({ ...awake, ringingDevice: 'WebAppAndMobileApp' });
    const call = await lab.caller().call(alice);
    await rings(lab, call, 2);
    const held = gate.hold(order);
    await alice.mobile.answer();
    await held.arrived();
    await dies(lab, async () => held.lose());
    await call.waitFor('answered');
    await stillTalk(call, alice.mobile);
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it('EDGES 16: in a conversation: nobody notices, and its end is cleaned up after its return', async () => {
    const alice = await lab.user(awake);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    const callId = await talk(lab, call, alice.mobile);
    await dies(lab, () => stillTalk(call, alice.mobile));
    await stillTalk(call, alice.mobile);
    await alice.mobile.hangUp();
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.router.log.waitFor(`call ${callId} has ended`);
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it.each(['caller', 'callee'] as const)(
    'EDGES 16: in a conversation whose %s hangs up meanwhile: the other side is told after its return',
    async (who) => {
      const alice = await lab.user(awake);
      const call = await lab.caller().call(alice);
      await alice.mobile.answer();
      const callId = await talk(lab, call, alice.mobile);
      await dies(lab, () => (who === 'caller' ? call.hangUp() : alice.mobile.hangUp()));
      await Promise.all([call.waitFor('ended'), alice.mobile.call.waitFor('ended', 5000)]);
      expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
      await lab.router.log.waitFor(`call ${callId} has ended`);
      expect(wakesOf(alice.mobile)).toBe(1);
    },
  );

  it('EDGES 16: in a conversation whose callee hangs up just when it returns: the caller is told', async () => {
    const alice = await lab.user(awake);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await talk(lab, call, alice.mobile);
    await lab.router.kill();
    // It sees both in their bridge, and does not know yet whose they are.
    const look = gate.hold(/^GET \/ari\/channels HTTP/);
    lab.router.launch();
    await look.arrived();
    await lab.asterisk.ari('GET', '/bridges');
    await alice.mobile.hangUp();
    look.release();
    await lab.router.waitUntilHealthy();
    await call.waitFor('ended');
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
