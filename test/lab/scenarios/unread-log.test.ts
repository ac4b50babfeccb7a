/**
 * EDGES 56: nobody reads the router's log. Calls go on as ever, what has no room is dropped and counted, and the count stands in the log once it is read again.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';

const GLOBALS = 'XIVO_MAPP_MSG_SOUND = beep\nXIVO_MAPP_LOOPS_INTERVAL = 20';
/** At debug level each request is a line of some 100 bytes: 3 MB in all, half as much again as may wait. */
const PATH = '/v1/calls/none';
const REQUESTS = 32_000;
const AT_ONCE = 50;
/** What may wait, several times over, and what serving so many requests leaves behind. */
const GROWTH_MB = 120;
const PATIENCE_MS = 60_000;

const health = z.object({
  status: z.string(),
  parts: z.object({ log: z.object({ ok: z.boolean(), why: z.string().optional() }) }),
});

describe.each([16, 22] as const)('a log that nobody reads, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, globals: GLOBALS, environment: { LOG_LEVEL: 'debug' } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const healthNow = async () => health.parse(await (await fetch(`${lab.router.url}/healthz`)).json());
  const talksMuch = async (requests: number): Promise<void> => {
    for (let asked = 0; asked < requests; asked += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, () => lab.api.ask('GET', PATH)));
  };
  const call = async (): Promise<void> => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 300 } });
    const carol = await lab.caller().call(alice);
    await alice.mobile.answer();
    await carol.talksWith(alice.mobile);
    await carol.hangUp();
    expect(await lab.ending(carol)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  };

  it('costs no call and no memory; what is missing is counted, and told when it is read again', {
    timeout: 900_000,
  }, async () => {
    // Serving so many has its own price, which is paid before.
    await talksMuch(REQUESTS);
    const before = await lab.router.memoryMb();
    lab.router.stopReading();
    await talksMuch(REQUESTS);
    await call();
    expect((await lab.router.memoryMb()) - before).toBeLessThan(GROWTH_MB);
    expect(await healthNow()).toMatchObject({
      status: 'degraded',
      parts: {
        log: { ok: false, why: expect.stringMatching(/^nobody reads the log, and lines are dropped: look at/) },
      },
    });
    lab.router.readOn();
    const told = await lab.router.log.waitFor(
      /WARN {2}\d+ lines are missing from the log before this one \(.*\d debug/,
    );
    expect(Number(/(\d+) lines/.exec(told.text)?.[1])).toBeGreaterThan(REQUESTS / 7);
    await awaitThat(
      async () => ((await healthNow()).parts.log.ok ? true : undefined),
      PATIENCE_MS,
      async () => JSON.stringify(await healthNow()),
    );
    await call();
    await lab.router.log.waitFor(/INFO .*answered: mobile/, PATIENCE_MS, told.atMs);
  });

  it('and one whose reader is gone costs none either', async () => {
    lab.router.closeLog();
    await call();
    await awaitThat(
      async () => ((await healthNow()).parts.log.why?.startsWith('whoever read the log is gone') ? true : undefined),
      PATIENCE_MS,
      async () => JSON.stringify(await healthNow()),
    );
    await lab.router.restart();
    await call();
  });
});
