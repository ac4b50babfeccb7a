/**
 * Answers of push services, malformed: over real TLS to the real libraries. A push is delivered, a token dead, by rules written down here a second time, and never for an answer
 * that its service does not give; the reason of whatever else it comes to is ours, not the service's; a bad answer begins no storm of attempts, and no flood of lines.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Clock, Device, PushResult } from '../../src/call/ports.ts';
import { createPush, type PushGateway } from '../../src/push/create-push.ts';
import { android, iphone, never, notice } from '../push/bench.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { jsonBytes } from './inputs.ts';
import { judgeLines, keptLog } from './lines.ts';
import { answers, at, googleError, isDead, isTaken, parsed } from './push-answers.ts';
import { type StrangeAnswer, type StrangeServices, startStrangeServices } from './strange-services.ts';

nothingUncaught();

/** Less than the shortest pause between two attempts, in ms; so that each push is tried as often as its first answers allow without one. */
const WORTH_MS = 200;
/** Time stands still but for those who sleep. */
const clock = (): Clock => {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    wallMs: () => Date.now(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        // The patience of a push itself: nothing here takes so long.
        if (ms > WORTH_MS / 2) return;
        nowMs += ms;
        setImmediate(resolve);
      }),
  };
};

const log = keptLog();
let services: StrangeServices;
let push: PushGateway;
beforeAll(async () => {
  services = await startStrangeServices();
  push = createPush({ ...services.settings, clock: clock(), log });
});
afterAll(async () => {
  await push.close();
  await services.close();
});

function judge(device: Device, answer: StrangeAnswer, result: PushResult): void {
  const { platform } = device;
  const known = answer.how === 'whole';
  // A raw answer may be right as well, or nearly.
  if (result.kind === 'delivered') expect(!known || isTaken(platform, answer)).toBe(true);
  else if (result.kind === 'dead-token') expect(!known || isDead(platform, answer)).toBe(true);
  if (result.kind === 'delivered') return;
  expect(result.reason).toMatch(/^[ -~]{3,400}$/);
  if (result.kind !== 'dead-token') return;
  expect(result.sinceMs ?? 0).toSatisfy((ms: number) => Number.isSafeInteger(ms) && ms >= 0 && ms <= 8.64e15);
}

it('a push is delivered, or a token dead, only where its service says so', LONG, async () => {
  const kinds = new Set<string>();
  await feed('push', 0.95, fc.tuple(fc.constantFrom('android' as const, 'ios' as const), answers), async (some) => {
    services.attempts = 0;
    const pushes = some.map(async ([platform, answer]) => {
      const device = platform === 'ios' ? iphone() : android();
      services.answers.set(device.token, answer);
      const result = await push.wake(device, notice(WORTH_MS), never());
      services.answers.delete(device.token);
      kinds.add(result.kind);
      judge(device, answer, result);
    });
    for (const done of await Promise.allSettled(pushes)) if (done.status === 'rejected') throw done.reason;
    // Another connection, or another token, may be tried at once; once.
    expect(services.attempts).toBeLessThanOrEqual(2 * some.length);
  });
  expect([...kinds].sort()).toEqual(['dead-token', 'delivered', 'failed', 'our-fault']);
  judgeLines(log.lines);
  expect(log.lines.length).toBeLessThan(250);
});

const isToken = (token: unknown): boolean => typeof token === 'string' && /^[!-~]+$/.test(token);
/** In s, or what reads as such a number, as the library has it: a day at most. */
const isLife = (life: unknown): boolean => Number(life) > 0 && Number(life) <= 86_400;

it('a message goes with an access token only where the answer grants one', LONG, async () => {
  const grants = jsonBytes(
    { access_token: 'ya29.good', expires_in: 3600, token_type: 'Bearer' },
    { error: 'invalid_grant', error_description: 'no' },
  );
  const input = fc.record({
    status: fc.constantFrom(200, 200, 200, 204, 302, 400, 401, 403, 429, 500, 503),
    headers: fc.constant({ 'content-type': 'application/json' }),
    body: grants,
    how: fc.constant('whole' as const),
  });
  const kinds = new Set<string>();
  await feed('push', 0.05, input, async (some) => {
    for (const answer of some) {
      services.tokenAnswer = answer;
      services.attempts = 0;
      const desk = createPush({ ...services.settings, clock: clock(), log });
      const device = android();
      services.answers.set(device.token, {
        status: 200,
        headers: {},
        body: Buffer.from('{"name":"projects/fuzz/messages/0:1"}'),
        how: 'whole',
      });
      const result = await desk.wake(device, notice(WORTH_MS), never());
      await desk.close();
      kinds.add(result.kind);
      const token = at(parsed(answer.body), 'access_token');
      const granted =
        answer.status >= 200 && answer.status < 300 && isToken(token) && isLife(at(parsed(answer.body), 'expires_in'));
      if (!granted) expect(services.attempts, `${answer.status} ${answer.body}`).toBe(0);
      if (!granted) expect(result.kind).not.toBe('delivered');
      if (result.kind !== 'delivered')
        expect(result.kind === 'dead-token' ? '' : result.reason).toMatch(/^[ -~]{3,400}$/);
    }
  });
  expect([...kinds].sort()).toEqual(['delivered', 'failed', 'our-fault']);
});

it('an answer that is right is understood after all that', async () => {
  services.tokenAnswer = undefined;
  const right = async (device: Device, status: number, said: object) => {
    const answer = { status, headers: {}, body: Buffer.from(JSON.stringify(said)), how: 'whole' } as const;
    services.answers.set(device.token, answer);
    return (await push.wake(device, notice(WORTH_MS), never())).kind;
  };
  expect(await right(android(), 200, { name: 'projects/fuzz/messages/0:1' })).toBe('delivered');
  expect(await right(android(), 404, googleError('NOT_FOUND', 'UNREGISTERED'))).toBe('dead-token');
  expect(await right(iphone(), 200, {})).toBe('delivered');
  expect(await right(iphone(), 410, { reason: 'Unregistered', timestamp: 1_714_521_600_000 })).toBe('dead-token');
});
