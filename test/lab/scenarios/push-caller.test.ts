/**
 * Callers whose number is no number, as SIP and a dialplan let them through: the mobile is woken all the same, and push and history show the same,
 * on one line and of sane length. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 1\nXIVO_MAPP_LOOPS_MOBILEAPP = 20\nXIVO_MAPP_PLAY_MSG = False';
describe.each([16, 22] as const)('a caller whose number is none, with Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each([
    ['a header of its own, from SIP', '0512345678%0D%0AX%3A%20y', undefined, '0512345678 X: y'],
    ['5,000 digits, from the dialplan', '0512345678', '5'.repeat(5_000), '5'.repeat(40)],
  ])('with %s wakes a mobile of each platform', async (_, number, madeBySite, shown) => {
    const variables = madeBySite === undefined ? {} : { 'CALLERID(num)': madeBySite };
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobiles: [{}, { platform: 'ios' }], variables });
    const call = await lab.caller({ number }).call(alice);
    const pushes = await Promise.all(alice.mobiles.map((mobile) => mobile.waitForPush('incoming-call')));
    expect(pushes.map(({ payload }) => payload.callerNumber)).toEqual([shown, shown]);
    const { body } = await lab.api.ask('GET', `/v1/calls/${await lab.callId(call)}`);
    expect(body).toMatchObject({ caller: { number: shown } });
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
