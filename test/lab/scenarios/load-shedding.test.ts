/**
 * While Asterisk is slow, new callers hear ringing in place of message and music; slower still, they go on in the dialplan at once; and as soon as it is
 * quick again, all is as before. More callers than the site wants go on in the dialplan, too.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { SlowAri } from '../../../lab/rigs/slow-ari.ts';

/** More than a loaded machine adds by itself, and with it less than a caller stays until the router's first look. */
const SLOW_MS = 500;
const GLOBALS = `XIVO_MAPP_SLOW_MS = ${SLOW_MS}\nXIVO_MAPP_LOOPS_INTERVAL = 20`;
const LATE_MS = 30_000;

describe.each([16, 22] as const)('an Asterisk %i that is slow', (version) => {
  let lab: Lab;
  let ari: SlowAri;

  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, globals: GLOBALS });
    ari = await SlowAri.before(lab);
  });
  afterEach(async () => {
    ari.quick();
    await lab.nothingRemains(LATE_MS);
    await expect.poll(health, { timeout: LATE_MS }).toMatchObject({ status: 'ok', parts: { load: { ok: true } } });
  });
  afterAll(async () => {
    await lab?.stop();
    await ari?.stop();
  });

  const health = async () => (await fetch(`${lab.router.url}/healthz`)).json();
  /** Until the router has noticed, by what it asks in any case. */
  const slowedTo = async (delayMs: number) => {
    ari.slow(delayMs);
    await expect.poll(answerMs, { timeout: LATE_MS }).toBeGreaterThanOrEqual(delayMs);
  };
  const answerMs = async () => {
    const page = await lab.api.metrics();
    return 1_000 * Number(/^xivo_mapp_asterisk_answer_seconds (\S+)$/m.exec(page)?.[1]);
  };

  it('has new callers hear ringing, and their phones are woken and ring as ever', async () => {
    const callee = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    await slowedTo(SLOW_MS);
    const call = await lab.caller().call(callee);
    await callee.mobile.waitForPush(undefined, LATE_MS);
    expect(await health()).toMatchObject({
      status: 'degraded',
      parts: { load: { why: expect.stringMatching(/hear ringing/) } },
    });
    ari.quick();
    await callee.mobile.wake();
    await callee.mobile.answer(LATE_MS);
    await call.talksWith(callee.mobile);
    // No early media: neither message nor music.
    expect(call.record.statuses).not.toContain(183);
    await call.hangUp();
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered' });
    expect(lab.router.log.find(/hear ringing in place of message and music, until it is quicker/)).toHaveLength(1);
    await expect.poll(() => lab.router.log.find(/Asterisk answers quickly again, and nothing is shed/)).toHaveLength(1);
  });
});

describe.each([16, 22] as const)('more callers than the site wants, on Asterisk %i', (version) => {
  let lab: Lab;

  beforeAll(async () => {
    lab = await startLab({ version, globals: 'XIVO_MAPP_MAX_CALLS = 1\nXIVO_MAPP_LOOPS_INTERVAL = 20' });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('go on in the dialplan at once, which rings who is awake; whoever comes once there is room is taken', async () => {
    const asleep = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const awake = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const first = await lab.caller().call(asleep);
    await first.hears('sound');
    const second = await lab.caller().call(awake);
    await awake.mobile.answer();
    await second.talksWith(awake.mobile);
    expect(awake.mobile.requests).toEqual([]);
    expect(await lab.story(second)).toMatchObject({ outcome: 'failed', reason: 'too-many-calls' });
    await first.hangUp();
    await lab.story(first);
    const third = await lab.caller().call(asleep);
    await third.hears('sound');
    await third.hangUp();
    await second.hangUp();
  });
});
