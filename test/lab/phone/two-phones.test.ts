/** Two phones that call each other directly over loopback: proves the softphone itself, with no Asterisk between. */
import { createSocket } from 'node:dgram';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nowMs } from '../../../lab/phone/clock.ts';
import {
  answersAfter,
  answersAndVanishes,
  answersDespiteCancel,
  ignores,
  onlyTries,
  playsEarlyMedia,
  refuses,
  rings,
} from '../../../lab/phone/invite-policies.ts';
import type { Phone } from '../../../lab/phone/phone.ts';
import { createPhone } from '../../../lab/phone/phone.ts';
import { DeadlineMissed } from '../../../lab/phone/phone-events.ts';

const SOON_MS = 30_000;
let lucie: Phone;
let marie: Phone;

beforeEach(async () => {
  lucie = await createPhone({ user: 'lucie', server: { host: '127.0.0.1', port: 9 }, toneHz: 900 });
  marie = await createPhone({ user: 'marie', host: '127.0.0.2', server: lucie.address, toneHz: 600 });
});

afterEach(async () => {
  await Promise.all([lucie.close(), marie.close()]);
  expect([...lucie.leftovers(), ...marie.leftovers()]).toEqual([]);
});

describe('two phones', () => {
  it('ring, answer, hear each other, pass digits both ways, and hang up', async () => {
    const call = await marie.call('lucie', { fromNumber: '0612345678', fromName: 'Marie "M" Curie', video: true });
    const ringing = await lucie.nextCall(SOON_MS);
    await call.waitFor('ringing', SOON_MS);
    ringing.answer();
    await Promise.all([call.waitUntilHears(900, SOON_MS), ringing.waitUntilHears(600, SOON_MS)]);
    await Promise.all([call.sendDtmf('5#'), ringing.sendDtmf('09')]);
    await Promise.all([call.waitForDtmf('09', SOON_MS), ringing.waitForDtmf('5#', SOON_MS)]);
    await call.hangUp();
    await ringing.waitFor('ended', SOON_MS);
    expect(ringing.record.shown.from).toEqual({ name: 'Marie "M" Curie', number: '0612345678' });
    expect(ringing.record.offered).toEqual({ codecs: ['PCMU', 'PCMA'], video: true });
    expect(call.record.statuses).toEqual([180, 200]);
    expect([call.record.endedBy, ringing.record.endedBy]).toEqual(['here', 'there']);
    expect(ringing.isAcknowledged).toBe(true);
  });

  it('speak PCMA when asked to', async () => {
    lucie.onInvite(answersAfter(0));
    const call = await marie.call('lucie', { audio: { codec: 'PCMA' } });
    const there = await lucie.nextCall(SOON_MS);
    await Promise.all([call.waitUntilHears(900, SOON_MS), there.waitUntilHears(600, SOON_MS)]);
    await there.hangUp();
    await call.waitFor('ended', SOON_MS);
    expect(call.record.endedBy).toBe('there');
  });

  it('hear early media, while a carrier that waits for the answer sends nothing', async () => {
    lucie.onInvite(playsEarlyMedia());
    const call = await marie.call('lucie', { audio: { sendFrom: 'answer' } });
    const there = await lucie.nextCall(SOON_MS);
    await call.waitUntilHears(900, SOON_MS);
    expect(there.heard()).toEqual([]);
    there.answer();
    await there.waitUntilHears(600, SOON_MS);
    await call.hangUp();
    expect(call.record.statuses).toEqual([183, 200]);
  });

  it('tell a cancelled call from one that was answered elsewhere', async () => {
    const first = await marie.call('lucie');
    const missed = await lucie.nextCall(SOON_MS);
    await first.hangUp();
    const second = await marie.call('lucie');
    const taken = await lucie.nextCall(SOON_MS);
    await second.hangUp('SIP;cause=200;text="Call completed elsewhere"');
    await Promise.all([missed.waitFor('ended', SOON_MS), taken.waitFor('ended', SOON_MS)]);
    expect([missed.answeredElsewhere, taken.answeredElsewhere]).toEqual([false, true]);
    expect(taken.record.reasons).toEqual(['SIP;cause=200;text="Call completed elsewhere"']);
    expect([first.record.finalStatus, taken.record.finalStatus]).toEqual([487, 487]);
  });

  it('refuse with each status, one policy per call', async () => {
    lucie.onNextInvites(refuses(), refuses(486), refuses(480), refuses(503), refuses(403, 50));
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 5; i += 1) {
      const call = await marie.call('lucie');
      await call.waitFor('ended', SOON_MS);
      statuses.push(call.record.finalStatus);
    }
    expect(statuses).toEqual([603, 486, 480, 503, 403]);
  });

  it.each([0, 150])('an answer that races the CANCEL (%i ms) is acknowledged and hung up', async (afterCancelMs) => {
    lucie.onInvite(answersDespiteCancel(afterCancelMs));
    const call = await marie.call('lucie');
    const there = await lucie.nextCall(SOON_MS);
    await call.hangUp();
    await there.waitFor('ended', SOON_MS);
    expect(there.record.finalStatus).toBe(200);
    expect(there.record.endedBy).toBe('there');
    expect(there.isAcknowledged).toBe(true);
  });

  it('only try, and obey the CANCEL all the same', async () => {
    lucie.onInvite(onlyTries());
    const call = await marie.call('lucie');
    const there = await lucie.nextCall(SOON_MS);
    await call.hangUp();
    await there.waitFor('ended', SOON_MS);
    expect(call.record.statuses).toEqual([100, 487]);
  });

  it('vanish in the middle of a call, and the far side hears nothing any more', async () => {
    lucie.onInvite(answersAndVanishes(300));
    const call = await marie.call('lucie');
    await call.waitUntilHears(900, SOON_MS);
    await lucie.waitFor('ended', SOON_MS);
    const there = lucie.calls[0];
    expect(there?.record.endedBy).toBe('nobody');
    expect(there?.holdsSocket).toBe(false);
  });

  it('never acknowledge an answer when told so: the answer is repeated', async () => {
    lucie.onInvite(answersAfter(0));
    await marie.call('lucie', { neverAck: true });
    const there = await lucie.nextCall(SOON_MS);
    await marie.events.until(
      () => (marie.trace.entries.filter((one) => one.firstLine === 'SIP/2.0 200 OK').length >= 2 ? true : undefined),
      SOON_MS,
      'repeated 200',
      (check) => marie.trace.on(check),
    );
    expect(there.isAcknowledged).toBe(false);
  });

  it('sleep through an INVITE and answer its repetition after waking', async () => {
    lucie.sleep();
    const call = await marie.call('lucie');
    await lucie.events.until(
      () => (lucie.trace.entries.some((one) => one.direction === 'ignored') ? true : undefined),
      SOON_MS,
      'ignored INVITE',
      (check) => lucie.trace.on(check),
    );
    lucie.onInvite(rings());
    lucie.wakeUp();
    await call.waitFor('ringing', SOON_MS);
    await call.hangUp();
  });

  it('die: what is sent there is refused, and another port registers', async () => {
    const probe = createSocket('udp4');
    const dead = lucie.address.port;
    lucie.die();
    await new Promise<void>((resolve) => probe.connect(dead, lucie.address.host, resolve));
    const refused = new Promise((resolve) => probe.once('error', resolve));
    probe.send('anybody?');
    expect(await refused).toMatchObject({ code: 'ECONNREFUSED' });
    probe.close();
    const other = await createPhone({ user: 'other', server: marie.address });
    const lost = other.register();
    other.die();
    await expect(lost).rejects.toThrow('no answer to REGISTER');
    await other.close();
  });

  it('ignore a call altogether, and yet obey its CANCEL', async () => {
    lucie.onInvite(ignores());
    const call = await marie.call('lucie');
    const there = await lucie.nextCall(SOON_MS);
    expect(there.record.statuses).toEqual([]);
    there.trying();
    await call.hangUp();
    expect(there.record.finalStatus).toBe(487);
  });

  it('hold no timer while idle, nor while a call rings', async () => {
    await marie.call('lucie');
    await lucie.nextCall(SOON_MS);
    await marie.waitFor('ringing', SOON_MS);
    expect(lucie.leftovers().join()).not.toContain('timers');
    expect(marie.leftovers().join()).not.toContain('timers');
  });

  it('hold and take back, each counting what the other changed, and a hold that crosses another is tried again', async () => {
    lucie.onInvite(answersAfter(0));
    const call = await marie.call('lucie');
    const there = await lucie.nextCall(SOON_MS);
    await call.waitUntilHears(900, SOON_MS);
    await there.hold();
    await marie.waitFor('media-changed', SOON_MS, ({ detail }) => detail === 'sendonly');
    await there.unhold({ codecsTurned: true });
    await Promise.all([call.waitUntilHears(900, SOON_MS, nowMs()), there.waitUntilHears(600, SOON_MS, nowMs())]);
    expect([call.record, there.record]).toMatchObject([
      { reinvites: 2, updates: 0 },
      { reinvites: 0, updates: 0 },
    ]);
    await Promise.all([there.hold({ direction: 'inactive' }), call.hold({ connection: '0.0.0.0' })]);
    expect(marie.trace.fullText()).toContain('491 Request Pending');
    await there.unhold();
    await call.unhold();
    await Promise.all([call.waitUntilHears(900, SOON_MS, nowMs()), there.waitUntilHears(600, SOON_MS, nowMs())]);
    await call.hangUp();
  });

  it('hang up before the ACK has come, and repeat nothing afterwards', async () => {
    lucie.onInvite((call) => {
      call.answer();
      void call.hangUp('Q.850;cause=16');
    });
    const call = await marie.call('lucie');
    await call.waitFor('ended', SOON_MS);
    await lucie.waitFor('ended', SOON_MS);
    expect(call.record.reasons).toEqual(['Q.850;cause=16']);
    expect(lucie.leftovers()).toEqual(['SIP socket']);
  });

  it('fail a wait with the events and the messages', async () => {
    await marie.call('lucie');
    await lucie.nextCall(SOON_MS);
    const missed = marie.waitFor('answered', 10);
    await expect(missed).rejects.toThrow(DeadlineMissed);
    await expect(missed).rejects.toThrow(/no 'answered' within 10 ms[\s\S]*INVITE sip:lucie/);
  });
});
