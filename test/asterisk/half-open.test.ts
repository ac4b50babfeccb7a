/** How long it takes until an event connection is found to be dead without being closed: in virtual time, so that the bound is that of the design and not of the machine. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { EventProbe } from '../../src/asterisk/ari/event-probe.ts';
import { type Asterisk, connectAsterisk } from '../../src/asterisk/asterisk.ts';
import { soon } from '../soon.ts';
import { PbxStub } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

const BOUND_MS = 5_000;

describe('an event connection that is dead without being closed', () => {
  let pbx: PbxStub;
  let clock: VirtualClock;
  let asterisk: Asterisk;

  beforeEach(async () => {
    pbx = await PbxStub.start();
    clock = new VirtualClock();
    asterisk = connectAsterisk({ url: pbx.url, username: 'u', password: 'p', app: 'app', log: toldLog(), clock });
    asterisk.onCaller(() => {});
    await soon(() => expect(asterisk.trouble()).toBeUndefined());
  });
  afterEach(async () => {
    pbx.hear();
    await asterisk.close();
    await soon(() => expect(pbx.connections).toBe(0));
    await pbx[Symbol.asyncDispose]();
  });

  it('is found within five seconds when nothing comes any more', async () => {
    pbx.deafen();
    pbx.speechless = true;
    const before = clock.pendingSleeps;
    await clock.advance(2_000);
    await clock.advance(2_000);
    let leftMs = BOUND_MS - 4_000;
    // Each time Asterisk answers over another connection.
    for (const pauseMs of [250, 250]) {
      await soon(() => expect(clock.pendingSleeps).toBe(before + 1));
      await clock.advance(pauseMs);
      leftMs -= pauseMs;
    }
    await soon(() => expect(asterisk.trouble()).toMatch(/has not answered a ping/));
    expect(leftMs).toBeGreaterThanOrEqual(0);
  });

  it('is kept when Asterisk answers nobody: it is late, or hangs, and that is said', async () => {
    pbx.deafen();
    pbx.speechless = true;
    pbx.answer = () => undefined;
    const { handshakes } = pbx;
    await clock.advance(2_000);
    for (let silentMs = 2_000; silentMs <= 60_000; silentMs += 2_000) {
      await clock.advance(2_000);
      if (silentMs >= 4_000)
        expect(asterisk.trouble()).toMatch(/has not answered for \d+ s: it is overloaded, or hangs/);
      expect(pbx.events).toHaveLength(1);
    }
    pbx.hear();
    await clock.advance(2_000);
    expect(handshakes).toHaveLength(1);
  });

  it('is found within five seconds when pings are answered and events do not come', async () => {
    pbx.mute = true;
    const before = clock.pendingSleeps;
    await clock.advance(2_000);
    // Asterisk has taken the order for an event, and its coming is waited for.
    await soon(() => expect(clock.pendingSleeps).toBe(before + 1));
    await clock.advance(BOUND_MS - 2_000);
    expect(asterisk.trouble()).toMatch(/has the application app but sends it no events|has not answered a ping/);
  });

  it('is not taken for dead as long as it answers, be there many requests that are answered late', async () => {
    pbx.answer = () => undefined;
    const requests = Promise.allSettled(Array.from({ length: 50 }, () => asterisk.setGlobal('A', 'B')));
    for (let turn = 0; turn < 5; turn += 1) {
      const { pings, pulses } = pbx;
      await clock.advance(2_000);
      await soon(() => expect([pbx.pings, pbx.pulses]).toEqual([pings + 1, pulses + 1]));
      await soon(() => expect(clock.pendingSleeps).toBe(1));
      expect(asterisk.trouble()).toBeUndefined();
    }
    await asterisk.close();
    await requests;
  });
});

it('an event that comes late proves the connection to all who wait for one', async () => {
  await using pbx = await PbxStub.start();
  pbx.mute = true;
  const clock = new VirtualClock();
  const requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
  const probe = new EventProbe(requests, 'app', clock);
  const checks = Promise.all([probe.check(), probe.check()]);
  await soon(() => expect(clock.pendingSleeps).toBe(2));
  probe.felt();
  await checks;
  expect(clock.pendingSleeps).toBe(0);
  requests.close();
});
