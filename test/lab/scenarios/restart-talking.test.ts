/** EDGES 16: the router dies (kill -9) after an answer, or while both talk. Nobody hears anything of it, and what it had still to tell is told after its return. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { dies, rings, talk, toldEndsOf, wakesOf } from '../../../lab/rigs/death.ts';
import { stillTalk } from '../../../lab/rigs/live-calls.ts';
import { RequestGate } from '../../../lab/rigs/request-gate.ts';

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

  it('before the other phone is hung up: it is told after its return that the call was answered elsewhere', async () => {
    const alice = await lab.user({ ...awake, ringingDevice: 'WebAppAndMobileApp' });
    const call = await lab.caller().call(alice);
    await rings(lab, call, 2);
    const held = gate.hold(/^DELETE .*\/channels\/xm-/);
    await alice.mobile.answer();
    await held.arrived();
    await dies(lab, async () => held.lose());
    await stillTalk(call, alice.mobile);
    await alice.webApp.waitFor('cancelled');
    expect(alice.webApp.wasToldElsewhere).toBe(true);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect([wakesOf(alice.mobile), toldEndsOf(alice.mobile)]).toEqual([1, []]);
  });

  it.each(['caller', 'callee'] as const)('in a conversation that the %s ends after its return', async (who) => {
    const alice = await lab.user(awake);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    const callId = await talk(lab, call, alice.mobile);
    await dies(lab, () => stillTalk(call, alice.mobile));
    await stillTalk(call, alice.mobile);
    await (who === 'caller' ? call : alice.mobile).hangUp();
    await Promise.all([call.waitFor('ended'), alice.mobile.call.waitFor('ended', 5000)]);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    await lab.router.log.waitFor(`call ${callId} answered: mobile`);
    expect([wakesOf(alice.mobile), toldEndsOf(alice.mobile)]).toEqual([1, []]);
  });

  it.each(['caller', 'callee'] as const)('in a conversation that the %s ends meanwhile', async (who) => {
    const alice = await lab.user(awake);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    const callId = await talk(lab, call, alice.mobile);
    await dies(lab, async () => {
      await (who === 'caller' ? call : alice.mobile).hangUp();
      await Promise.all([call.waitFor('ended'), alice.mobile.call.waitFor('ended', 5000)]);
    });
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    // Asterisk has forgotten the channel; what was noted at the answer says that the call was not missed.
    await lab.router.log.waitFor(`call ${callId} answered: mobile`);
    expect(await lab.story(callId)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
    expect([wakesOf(alice.mobile), toldEndsOf(alice.mobile)]).toEqual([1, []]);
  });
});
