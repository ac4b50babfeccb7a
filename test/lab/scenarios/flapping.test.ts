/**
 * A phone that flaps between two networks, so that each registration removes the other: few INVITEs, no port of Asterisk's is used up, and it rings once it stands. And one whose contact is
 * removed while it is dialled is given up at once.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import type { Mobile } from '../../../lab/mobile.ts';
import { onlyTries, rings } from '../../../lab/phone/invite-policies.ts';
import { createPhone, type Phone } from '../../../lab/phone/phone.ts';
import { noted } from '../../../lab/rigs/death.ts';
import { facts } from '../../../lab/timeline.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 20\nXIVO_MAPP_PLAY_MSG = False';
const FLAPS = 100;
/** Three at once, and then one for each second that is longer than the one before. */
const MOST_INVITES = 8;

describe.each([16, 22] as const)('a phone that flaps on Asterisk %i', (version) => {
  let lab: Lab;
  const others: Phone[] = [];
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS });
  });
  afterEach(async () => {
    for (const phone of others.splice(0)) await phone.close();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  /** The same handset in another network: another address, the same account. */
  const inAnotherNetwork = async (mobile: Mobile): Promise<Phone> => {
    const account = mobile.endpoint.slice('PJSIP/'.length);
    const server = { host: lab.asterisk.sipHost, port: lab.asterisk.sipPort };
    const phone = await createPhone({ user: account, password: account, server, name: 'other network' });
    others.push(phone);
    return phone;
  };
  const invites = (...phones: readonly Phone[]) => phones.flatMap((phone) => phone.calls).length;

  it(`${FLAPS} times gets few INVITEs, and rings when it stands`, async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const wifi = alice.mobile.phone;
    const other = await inAnotherNetwork(alice.mobile);
    for (const phone of [wifi, other]) phone.onInvite(onlyTries());
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush('incoming-call');
    for (let n = 0; n < FLAPS / 2; n += 1) {
      await wifi.unregister();
      await other.register();
      await other.unregister();
      await wifi.register();
    }
    wifi.onInvite(rings());
    await alice.mobile.waitFor('ringing', 20_000);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(invites(wifi, other)).toBeLessThanOrEqual(MOST_INVITES);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    const story = await lab.story(call);
    expect(facts(story, 'leg-dialled').length).toBeLessThanOrEqual(MOST_INVITES);
    expect(facts(story, 'dial-postponed').length).toBeGreaterThan(0);
  });

  it('is given up when its contact is removed before it rings, and dialled when it is back', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const { phone } = alice.mobile;
    phone.onNextInvites(onlyTries());
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('invited');
    await phone.unregister();
    await alice.mobile.waitFor('cancelled');
    const callId = await lab.callId(call);
    expect((await noted(lab, callId, 'contact-removed')).map(({ facts: of }) => of.endpoint)).toEqual([
      alice.mobile.endpoint,
    ]);
    await phone.register();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    expect(alice.mobile.calls).toHaveLength(2);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('rings on when its contact is removed while it rings, and may be answered', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitFor('ringing');
    await noted(lab, await lab.callId(call), 'leg-ringing');
    await alice.mobile.phone.unregister();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });
});
