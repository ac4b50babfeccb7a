/**
 * Asterisk tells of other people's calls and phones, ten thousand events a second: a call goes through as ever, the router goes on answering, and its memory stays bounded.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { EventLine } from '../../../lab/rigs/event-line.ts';

const GLOBALS = 'XIVO_MAPP_LOOPS_INTERVAL = 2\nXIVO_MAPP_MSG_SOUND = beep';
const PER_SECOND = 10_000;
const EVENTS = 30_000;
/** What the router may hold more after so many events than before: they are of no use to it, and none is kept. */
const GROWTH_MB = 100;
const LATE_MS = 30_000;

describe.each([16, 22] as const)('Asterisk %i floods', (version) => {
  let lab: Lab;
  let line: EventLine;

  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, globals: GLOBALS });
    line = await EventLine.before(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(async () => {
    await lab?.stop();
    await line?.stop();
  });

  it('with 10,000 unrelated events a second: a mobile wakes, rings, answers and talks', async () => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 300 } });
    const memoryBefore = await lab.router.memoryMb();
    const flood = line.flood(PER_SECOND);
    const watching = awaitThat(
      async () => {
        expect((await fetch(`${lab.router.url}/healthz`)).status).toBe(200);
        return flood.sent >= EVENTS ? true : undefined;
      },
      LATE_MS,
      async () => `only ${flood.sent} events were taken in\n${lab.router.log.tail()}`,
    );
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await watching;
    flood.stop();
    const memory = await lab.router.memoryMb();
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(memory - memoryBefore).toBeLessThan(GROWTH_MB);
    expect(lab.router.log.find(/ERROR|WARN/)).toEqual([]);
  });
});
