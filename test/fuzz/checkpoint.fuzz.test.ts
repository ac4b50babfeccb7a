/**
 * The checkpoint texts on channels, malformed: whoever edits a dialplan can write them. One that is believed is, letter by letter, one that the router writes; from any other the
 * call begins anew.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  readCallCheckpoint,
  readLegCheckpoint,
  writeCallCheckpoint,
  writeLegCheckpoint,
} from '../../src/call/resume/checkpoint.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { damagedBytes } from './inputs.ts';
import { strangeText } from './strange.ts';

nothingUncaught();

const moments = fc.oneof(fc.constantFrom(0, 1, 1_714_521_600_000, 8.64e15, 2 ** 53), fc.nat());
const deviceIds = fc.array(fc.constantFrom('pixel', 'iphone-2', 'a.b_c', 'x'), { maxLength: 3 });
const calls = fc
  .record({
    callId: fc.constantFrom('xm-0011223344556677', 'xm-a', 'xm-1-leg-1'),
    userId: fc.constantFrom('7', 'é 電話', '', 'a+b', '100%', 'user@x'),
    waitUntilMs: moments,
    pushed: deviceIds,
    ending: fc.constantFrom(undefined, { outcome: 'busy' as const, reason: 'busy' as const }),
  })
  .map(({ ending, ...checkpoint }) => (ending === undefined ? checkpoint : { ...checkpoint, ending }))
  .map(writeCallCheckpoint);
const legs = fc
  .record({
    on: fc.constantFrom('mobile' as const, 'webapp' as const),
    fresh: fc.boolean(),
    isForward: fc.boolean(),
    dialledAtMs: moments,
    contact: fc.record({
      endpoint: fc.constantFrom('PJSIP/alice', 'PJSIP/a.b-c'),
      uri: fc.constantFrom('sip:alice@127.0.0.1:5060;ob', 'sips:a@[::1]:1;x-ast-orig-host=10.0.0.1'),
      expiresAtSec: fc.constant(undefined),
    }),
  })
  .map(writeLegCheckpoint);

/** One word of the text is another. */
const misspelt = (texts: fc.Arbitrary<string>) =>
  fc.tuple(texts, fc.nat({ max: 6 }), strangeText).map(([text, at, word]) =>
    text
      .split(' ')
      .map((part, n) => (n === at ? word : part))
      .join(' '),
  );
const texts = (valid: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 4, arbitrary: damagedBytes(valid.map((text) => Buffer.from(text))).map((bytes) => bytes.toString()) },
    { weight: 4, arbitrary: misspelt(valid) },
    { weight: 1, arbitrary: strangeText },
    { weight: 1, arbitrary: valid },
  );

it('a call’s checkpoint that is believed is one that was written', LONG, async () => {
  let believed = 0;
  await feed('checkpoint', 0.5, texts(calls), (some) => {
    for (const text of some) {
      const checkpoint = readCallCheckpoint(text);
      if (checkpoint === undefined) continue;
      believed += 1;
      expect(writeCallCheckpoint(checkpoint)).toBe(text);
      expect(checkpoint.callId).toMatch(/^xm-[\w-]+$/);
      expect(checkpoint.userId.isWellFormed()).toBe(true);
      expect(checkpoint.waitUntilMs).toSatisfy((ms: number) => Number.isSafeInteger(ms) && ms >= 0);
      for (const deviceId of checkpoint.pushed) expect(deviceId).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    }
  });
  expect(believed).toBeGreaterThan(0);
});

it('a leg’s checkpoint that is believed is one that was written', LONG, async () => {
  let believed = 0;
  await feed('checkpoint', 0.5, texts(legs), (some) => {
    for (const text of some) {
      const checkpoint = readLegCheckpoint(text);
      if (checkpoint === undefined) continue;
      believed += 1;
      expect(writeLegCheckpoint(checkpoint)).toBe(text);
      expect(checkpoint.contact.endpoint).toMatch(/^PJSIP\/[\w.+-]{1,80}$/);
      expect(checkpoint.contact.uri).toMatch(/^sips?:[^\s&]{1,1000}$/i);
      expect(checkpoint.dialledAtMs).toSatisfy((ms: number) => Number.isSafeInteger(ms) && ms >= 0);
    }
  });
  expect(believed).toBeGreaterThan(0);
});
