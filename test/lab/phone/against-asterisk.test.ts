/** The softphone against real Asterisks of both versions, through a plain Dial: proves that both understand each other. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabAsterisk } from '../../../lab/asterisk/asterisk.ts';
import { startAsterisk, TONES } from '../../../lab/asterisk/asterisk.ts';
import { answersAfter, answersDespiteCancel, refuses, rings } from '../../../lab/phone/invite-policies.ts';
import type { Phone } from '../../../lab/phone/phone.ts';
import { createPhone } from '../../../lab/phone/phone.ts';
import { RegisterRefused } from '../../../lab/phone/registration.ts';

const SOON_MS = 30_000;
const DIALPLAN = `
[from-extern](+)
exten => plain,1,Dial(PJSIP/mobile,30)
exten => every,1,Dial(\${PJSIP_DIAL_CONTACTS(mobile)},30)
exten => moh,1,Progress()
 same => n,MusicOnHold(default,20)
exten => other,1,Answer()
 same => n,MusicOnHold(other,20)
exten => renamed,1,Answer()
 same => n,Set(CONNECTEDLINE(name-pres,i)=allowed)
 same => n,Set(CONNECTEDLINE(num-pres,i)=allowed)
 same => n,Set(CONNECTEDLINE(name,i)=Zoe)
 same => n,Set(CONNECTEDLINE(num)=42)
 same => n,Wait(20)
exten => tone,1,Progress()
 same => n,Playtones(ring)
 same => n,Wait(20)
`;

describe.each([16, 22] as const)('the softphone and Asterisk %i', (version) => {
  let asterisk: LabAsterisk;
  let mobile: Phone;
  let carrier: Phone;
  let open: Phone[] = [];

  const phone = async (options: Omit<Parameters<typeof createPhone>[0], 'server'>): Promise<Phone> => {
    const made = await createPhone({ ...options, server: { host: asterisk.sipHost, port: asterisk.sipPort } });
    open.push(made);
    return made;
  };
  const contacts = async (): Promise<string> => await asterisk.cli('pjsip show contacts');

  beforeAll(async () => {
    asterisk = await startAsterisk({
      version,
      endpoints: [{ name: 'mobile', callerId: '"Lucie" <1001>', qualifySeconds: 0 }],
      extraDialplan: DIALPLAN,
    });
  });

  afterAll(async () => {
    await asterisk.stop();
  });

  const setUp = async (): Promise<void> => {
    mobile = await phone({ user: 'mobile', password: 'mobile', toneHz: 1300 });
    carrier = await phone({ user: 'trunk', host: asterisk.trunkAddress, toneHz: 600 });
    await mobile.register();
  };

  afterEach(async () => {
    if (mobile.registered) await mobile.unregister();
    await Promise.all(open.map((one) => one.close()));
    expect(open.flatMap((one) => one.leftovers())).toEqual([]);
    open = [];
    await asterisk.cli('database deltree registrar');
    await asterisk.awaitNothingLeft(40_000);
  });

  it('registers with digest, refreshes the same contact, unregisters', async () => {
    await setUp();
    const first = mobile.registered;
    const again = await mobile.refresh();
    expect(again.contacts).toEqual(first?.contacts);
    expect(await contacts()).toContain(`sip:mobile@127.0.0.1:${mobile.address.port}`);
    await mobile.unregister();
    expect(await contacts()).not.toContain('sip:mobile@');
  });

  it('is refused with a wrong password', async () => {
    await setUp();
    const thief = await phone({ user: 'mobile', password: 'wrong' });
    await expect(thief.register()).rejects.toThrow(RegisterRefused);
  });

  it('leaves its old contact behind when it comes back on another port', async () => {
    await setUp();
    const oldPort = mobile.address.port;
    const back = await mobile.comeBackOnAnotherPort();
    expect(back.contacts.map((uri) => Number(uri.split(':').at(-1))).sort()).toEqual(
      [oldPort, mobile.address.port].sort(),
    );
    await asterisk.cli('database deltree registrar');
  });

  it('rings, answers, both hear each other, digits pass both ways', async () => {
    await setUp();
    const call = await carrier.call('plain', { fromNumber: '0612345678', fromName: 'Marie', video: true });
    const ringing = await mobile.nextCall(SOON_MS);
    await call.waitFor('ringing', SOON_MS);
    ringing.answer();
    await Promise.all([call.waitUntilHears(1300, SOON_MS), ringing.waitUntilHears(600, SOON_MS)]);
    await Promise.all([call.sendDtmf('5'), ringing.sendDtmf('7')]);
    await Promise.all([call.waitForDtmf('7', SOON_MS), ringing.waitForDtmf('5', SOON_MS)]);
    await call.hangUp();
    await ringing.waitFor('ended', SOON_MS);
    expect(ringing.record.shown.from).toEqual({ name: 'Marie', number: '0612345678' });
    expect(ringing.record.offered?.video).toBe(false);
    expect(call.record.connectedLines.at(-1)).toMatchObject({ name: 'Lucie', number: '1001' });
  });

  it('passes on what the callee says: declined, busy, unreachable', async () => {
    await setUp();
    mobile.onNextInvites(refuses(603), refuses(486), refuses(480));
    const statuses: (number | undefined)[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const call = await carrier.call('plain');
      await call.waitFor('ended', SOON_MS);
      statuses.push(call.record.finalStatus);
    }
    expect(statuses.every((status) => status !== undefined && status >= 400)).toBe(true);
    expect(statuses[1]).toBe(486);
  });

  it('survives an answer that races the CANCEL', async () => {
    await setUp();
    mobile.onInvite(answersDespiteCancel());
    const call = await carrier.call('plain');
    await call.waitFor('ringing', SOON_MS);
    await call.hangUp();
    const there = await mobile.nextCall(SOON_MS);
    await there.waitFor('ended', SOON_MS);
    expect(there.record.endedBy).toBe('there');
  });

  it('tells the losing contact that the call was answered elsewhere', async () => {
    await setUp();
    const second = await phone({ user: 'mobile', password: 'mobile', name: 'tablet', toneHz: 1500 });
    await second.register();
    mobile.onInvite(rings());
    second.onInvite(answersAfter(100));
    const call = await carrier.call('every');
    const loser = await mobile.nextCall(SOON_MS);
    await loser.waitFor('ended', SOON_MS);
    expect(loser.answeredElsewhere).toBe(true);
    await call.waitUntilHears(1500, SOON_MS);
    await call.hangUp();
  });

  it('shows a connected line that changes during the call, and answers OPTIONS', async () => {
    await setUp();
    const call = await carrier.call('renamed');
    await carrier.waitFor('connected-line', SOON_MS, (event) => event.detail.includes('Zoe <42>'));
    expect(['UPDATE', 'INVITE']).toContain(call.record.connectedLines.at(-1)?.in);
    await call.hangUp();
    await asterisk.cli('pjsip qualify mobile');
    await mobile.events.until(
      () => mobile.trace.entries.find((one) => one.direction === 'out' && /200 OK.*CSeq: \d+ OPTIONS/s.test(one.text)),
      SOON_MS,
      'answered OPTIONS',
      (check) => mobile.trace.on(check),
    );
  });

  it('knows music, tones of the lab and ringback from each other', async () => {
    await setUp();
    const music = await carrier.call('moh');
    await music.waitUntilHears('sound', SOON_MS);
    const tone = await carrier.call('other');
    await tone.waitUntilHears(TONES.mohOther, SOON_MS);
    const ringback = await carrier.call('tone', { audio: { send: 'nothing' } });
    await ringback.waitUntilHears('ringback', SOON_MS);
    await Promise.all([music.hangUp(), tone.hangUp(), ringback.hangUp()]);
    expect(ringback.heard().map((one) => one.what)).toContain('ringback');
  });
});
