/** EDGES 33: whoever talks by way of the router, be it the callee, whose channel was a leg, is transferred to another user of the app: that is a call like any other. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, type LabSettings, startLab } from '../../../lab/lab.ts';
import { dies, toldEndsOf, wakesOf } from '../../../lab/rigs/death.ts';
import { BY_ROUTER, officeSettings, TRANSFERS } from '../../../lab/rigs/office.ts';
import { hangUpAll, hearEachOther, partyOf, type Side, sides, talk } from '../../../lab/rigs/talk.ts';

/** Where a transfer by Asterisk looks the number up, users of the app are reached as from everywhere. */
const USERS = `
[${TRANSFERS}](+)
exten => _1XXX,1,Goto(did,\${EXTEN},1)
`;

function settings(version: 16 | 22): LabSettings {
  const { asterisk, ...office } = officeSettings(version);
  return {
    ...office,
    startRouter: true,
    asterisk: { ...asterisk, extraDialplan: `${asterisk?.extraDialplan}${USERS}` },
  };
}

describe.each([16, 22] as const)('a call by the router on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(settings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each([
    ['callee', 'lives'],
    ['caller', 'lives'],
    ['caller', 'has died meanwhile'],
  ] as const)('is transferred by the %s to somebody whose mobile sleeps; the router %s', async (by: Side, router) => {
    const both = await talk(lab, BY_ROUTER);
    const { actor, other } = sides(both, by);
    const sleeper = await lab.user({ ringingDevice: 'MobileApp', mobile: {} });
    if (router !== 'lives') await dies(lab);
    const told = actor.call.transferTo(sleeper.number);
    await sleeper.mobile.answer();
    await hearEachOther(other, partyOf('mobile', sleeper.mobile));
    expect(await told).toMatchObject({ status: 200 });
    expect([wakesOf(sleeper.mobile), sleeper.mobile.calls.length]).toEqual([1, 1]);
    await hangUpAll([actor.phone, other.phone, sleeper.mobile.phone]);
    await expect
      .poll(async () => (await lab.api.calls(2)).find(({ userId }) => userId === sleeper.userId))
      .toMatchObject({ outcome: 'answered', reason: 'mobile' });
    expect(toldEndsOf(sleeper.mobile)).toEqual([]);
  });
});
