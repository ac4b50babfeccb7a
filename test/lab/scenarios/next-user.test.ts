/**
 * EDGES 48: what a site has set for one user does not rule the user to whom the no-answer scenario sends the same call, whichever door leads to us; and two hooks that both lead to us wake
 * a phone once.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Callee } from '../../../lab/callee.ts';
import { fallsBack } from '../../../lab/fallen-back.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { refuses } from '../../../lab/phone/invite-policies.ts';
import { wakesOf } from '../../../lab/rigs/death.ts';
import { DOORS, type Door, NEXT_USER_DIALPLAN, numberOf } from '../../../lab/rigs/next-user.ts';
import { tellWhere } from '../../../lab/rigs/own-dial.ts';

const PATIENT = 'XIVO_MAPP_PLAY_MSG = False\nXIVO_MAPP_LOOPS_INTERVAL = 60';
const HASTY = 'XIVO_MAPP_PLAY_MSG = False\nXIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 1';
const doors = Object.keys(DOORS).filter((door): door is Door => door in DOORS);
const busy = refuses(486);

/** Set for the first user, whose seat is the first; and on what the second one, whose ringing device the registry knows, must ring. */
const VARIABLES = [
  { variable: 'XIVO_MAPP_DEVICE', value: 'WebApp', second: 'MobileApp', rings: 'mobile' },
  { variable: 'XIVO_MAPP_DEVICE', value: 'MobileApp', second: 'WebApp', rings: 'webApp' },
  { variable: 'XIVO_MAPP_MOBILE_ENDPOINT', value: 'PJSIP/mobile-1', second: 'MobileApp', rings: 'mobile' },
  { variable: 'XIVO_MAPP_WEBAPP_ENDPOINT', value: 'PJSIP/uc-1', second: 'WebApp', rings: 'webApp' },
  { variable: 'XIVO_RINGSECONDS', value: '2', second: 'WebApp', rings: 'webApp' },
] as const;
const cases = doors.flatMap((door) => VARIABLES.map((each) => ({ door, ...each })));
const bothHooks = doors.filter((door) => door.includes('per-user'));

describe.each([16, 22] as const)('the next user of the same call on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: PATIENT, asterisk: { extraDialplan: NEXT_USER_DIALPLAN } });
    await tellWhere(lab);
  });
  afterEach(async () => {
    await lab.nothingRemains();
    await lab.asterisk.reloadGlobals(PATIENT);
  });
  afterAll(() => lab?.stop());

  const isServed = async (number: string, callee: Callee, on: 'mobile' | 'webApp'): Promise<void> => {
    const call = await lab.caller().call(number);
    await callee[on].answer();
    await call.talksWith(callee[on]);
    await call.hangUp();
    await lab.ending(call);
  };

  it.each(cases)('$variable = $value is not for the next one, through $door', async (each) => {
    const first = await lab.user({
      ringingDevice: 'WebAppAndMobileApp',
      mobile: { does: busy },
      webApp: { does: busy },
      variables: { [each.variable]: each.value },
    });
    const second = await lab.user({ ringingDevice: each.second, mobile: {}, webApp: {} });
    await isServed(numberOf(each.door, first, second), second, each.rings);
    expect(first.handsets.flatMap(({ calls }) => calls).length).toBeGreaterThan(0);
    const silent = each.rings === 'mobile' ? second.webApp : second.mobile;
    expect(silent.calls).toEqual([]);
    expect(wakesOf(second.mobile)).toBe(each.rings === 'mobile' ? 1 : 0);
  });

  it.each(doors)('what is set for the second one counts, through %s', async (door) => {
    const variables = { XIVO_MAPP_DEVICE: 'WebApp' };
    const first = await lab.user({ ringingDevice: 'WebAppAndMobileApp', webApp: { does: busy }, variables });
    const second = await lab.user({ ringingDevice: 'MobileApp', webApp: {}, variables });
    await isServed(numberOf(door, first, second), second, 'webApp');
    expect([wakesOf(first.mobile), wakesOf(second.mobile)]).toEqual([0, 0]);
  });

  it.each(bothHooks)('%s wake a phone once, and it rings once', async (door) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: {} });
    await isServed(numberOf(door, alice), alice, 'mobile');
    expect([wakesOf(alice.mobile), alice.mobile.calls.length]).toEqual([1, 1]);
  });

  it.each(bothHooks)('%s wake a phone once that does not come', async (door) => {
    await lab.asterisk.reloadGlobals(HASTY);
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(numberOf(door, alice));
    expect(await fallsBack(lab, call)).toMatchObject({ status: 'NOANSWER', dialStatus: 'NOANSWER' });
    expect(wakesOf(alice.mobile)).toBe(1);
  });

  it.each(bothHooks)('%s: a user who comes again after another is woken again', async (door) => {
    // By FastAGI a phone that is awake already, and registers again within the same second, rings after the wait only.
    await lab.asterisk.reloadGlobals(HASTY);
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { does: busy } });
    const call = await lab.caller().call(numberOf(door, alice, alice));
    await fallsBack(lab, call);
    expect(wakesOf(alice.mobile)).toBe(2);
  });
});
