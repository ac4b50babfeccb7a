/**
 * What one call asks of Asterisk and what Asterisk tells of it, counted, so that neither grows unseen: whoever adds a request to a call, or makes Asterisk send more events, changes a number of
 * rigs/call-costs.ts. Nothing here is about time.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabCall } from '../../../lab/caller.ts';
import type { Handset } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { unlike, untimed } from '../../../lab/rigs/allowance.ts';
import { AriCounter, type Traffic } from '../../../lab/rigs/ari-counter.ts';
import { ALWAYS, ANSWERED, type Cost, UNANSWERED, WEB_APP } from '../../../lab/rigs/call-costs.ts';

const GLOBALS = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_MOBILEAPP = 1';
/** Longer than any machine takes: no wait ends before the mobile has registered, and no loop's end makes the router look again. */
const LONG = `${GLOBALS}\nXIVO_MAPP_LOOPS_INTERVAL = 60`;
const SHORT = `${GLOBALS}\nXIVO_MAPP_LOOPS_INTERVAL = 2`;

describe.each([16, 22] as const)('what a call costs Asterisk %i', (version) => {
  let lab: Lab;
  let counter: AriCounter;
  beforeAll(async () => {
    lab = await startLab({ version, globals: LONG, startRouter: false, asterisk: { mohDefault: 'tone' } });
    counter = await AriCounter.before(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(async () => {
    await lab?.stop();
    await counter?.stop();
  });

  const talkAndHangUp = async (call: LabCall, handset: Handset) => {
    await call.talksWith(handset);
    // The router has seen to what it owes a conversation: to whoever hangs up before, less or something else is owed.
    await counter.answered('DELETE /bridges/{id}');
    await call.hangUp();
  };

  const expectCost = async ({ requests, events, most }: Cost) => {
    await lab.nothingRemains();
    const count = counter.count();
    expect({
      requests: unlike(timesOf(count.requests), { ...ALWAYS.requests, ...requests }, count.lastedMs),
      events: unlike(timesOf(count.events), { ...ALWAYS.events, ...events }, count.lastedMs),
    }).toEqual({ requests: [], events: [] });
    if (most === undefined) return;
    expect(bytesOf(count.requests, untimed(requests))).toBeLessThan(most.requestBytes);
    expect(bytesOf(count.events, untimed(events))).toBeLessThan(most.eventBytes);
  };

  it('whose mobile sleeps, is pushed, registers, answers and talks', async () => {
    await lab.asterisk.reloadGlobals(LONG);
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    counter.begin();
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    // The message is over, and the router has seen that the music plays.
    await counter.answered('GET /channels/{id}/variable?sent', 2);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await talkAndHangUp(call, alice.mobile);
    await expectCost(ANSWERED);
  });

  it('whose mobile never wakes, and that goes to the no-answer scenario', async () => {
    await lab.asterisk.reloadGlobals(SHORT);
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    counter.begin();
    const call = await lab.caller().call(alice);
    expect(await lab.ending(call)).toMatchObject({ status: 'NOANSWER', reason: 'wait-over', scenario: 'NOANSWER' });
    await expectCost(UNANSWERED);
  });

  it('to a UC Assistant alone, which rings and answers', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    counter.begin();
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await talkAndHangUp(call, alice.webApp);
    await expectCost(WEB_APP);
  });

  it('and what it is asked without any call: the heartbeat', async () => {
    counter.begin();
    await counter.answered('POST /events/user/xivo-mapp-probe', 3);
    await expectCost({ requests: {}, events: {} });
  });
});

function timesOf(traffic: ReadonlyMap<string, Traffic>): ReadonlyMap<string, number> {
  return new Map([...traffic].map(([kind, { times }]) => [kind, times]));
}

function bytesOf(traffic: ReadonlyMap<string, Traffic>, kinds: readonly string[]): number {
  return kinds.reduce((sum, kind) => sum + (traffic.get(kind)?.bytes ?? 0), 0);
}
