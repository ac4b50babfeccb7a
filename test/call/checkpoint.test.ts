/** What is kept on channels reads back as it was written, is never longer than its bound, and nothing else is taken for it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variableOrder } from '../../src/asterisk/app/variable-order.ts';
import {
  LONGEST_WAKE_CHECKPOINT,
  readWakeCheckpoint,
  registrationMark,
  writeWakeCheckpoint,
} from '../../src/call/own-dial/checkpoint.ts';
import { MOST_DEVICES } from '../../src/call/ports/callee.ts';
import {
  CALL_CHECKPOINT,
  keptUser,
  LONGEST_CHECKPOINT,
  readCallCheckpoint,
  readLegCheckpoint,
  writeCallCheckpoint,
  writeLegCheckpoint,
} from '../../src/call/resume/checkpoint.ts';
import { markOf } from '../../src/call/resume/marks.ts';

const CALL = {
  callId: 'xm-00112233445566ff',
  userId: '7',
  waitUntilMs: 1_700_000_015_000,
  pushed: ['pixel', 'i.phone_2'].map(markOf),
};
const LEG = {
  on: 'mobile',
  fresh: true,
  isForward: false,
  dialledAtMs: 1_700_000_003_000,
  contact: { endpoint: 'PJSIP/alice', uri: 'sip:alice@10.0.0.1:5060;transport=tcp', expiresAtSec: undefined },
} as const;
/** Of the longest ending. */
const ENDING = { outcome: 'unreachable', reason: 'every-token-dead' } as const;

describe('checkpoint on channels', () => {
  it('reads back', () => {
    expect(readCallCheckpoint(writeCallCheckpoint(CALL))).toEqual(CALL);
    expect(readCallCheckpoint(writeCallCheckpoint({ ...CALL, pushed: [] }))).toEqual({ ...CALL, pushed: [] });
    expect(readCallCheckpoint(writeCallCheckpoint({ ...CALL, userId: 'a b,c%é' }))).toEqual({
      ...CALL,
      userId: 'a b,c%é',
    });
    expect(readCallCheckpoint(writeCallCheckpoint({ ...CALL, ending: ENDING }))).toEqual({ ...CALL, ending: ENDING });
    expect(readLegCheckpoint(writeLegCheckpoint(LEG))).toEqual(LEG);
    expect(readLegCheckpoint(writeLegCheckpoint({ ...LEG, on: 'webapp', fresh: false }))).toMatchObject({
      fresh: false,
    });
    const forwarded = { ...LEG, isForward: true };
    expect(readLegCheckpoint(writeLegCheckpoint(forwarded))).toEqual(forwarded);
    // Two push tokens in one, as an iPhone's Linphone registers them.
    const contact = { ...LEG.contact, uri: 'sip:alice@10.0.0.1;pn-prid=a:remote&b:voip' };
    expect(readLegCheckpoint(writeLegCheckpoint({ ...LEG, contact }))).toEqual({ ...LEG, contact });
  });

  it('has no comma, so that it can be an argument in the dialplan', () => {
    expect(writeCallCheckpoint({ ...CALL, userId: 'a,b' })).not.toContain(',');
  });

  it('of a router before this one says the same: callers wait with it while the router is upgraded', () => {
    const text = `v1 ${CALL.callId} a%20(b) ${CALL.waitUntilMs} pixel+i.phone_2 over=busy:busy`;
    const ending = { outcome: 'busy', reason: 'busy' };
    expect(readCallCheckpoint(text)).toEqual({ ...CALL, userId: 'a (b)', ending });
    expect(readCallCheckpoint(`v1 ${CALL.callId} 7 1`)).toMatchObject({ pushed: [] });
    expect(readCallCheckpoint(`v1 ${CALL.callId} ${'7'.repeat(300)} 1`)?.userId).toBe(keptUser('7'.repeat(300)));
  });

  it.each([
    '',
    'v2',
    'v3 xm-0000000000000001 7 1',
    ...['xm-1', 'xm-000000000000000', 'xm-00000000000000011', 'xm-000000000000000g', 'xm-000000000000000A'].flatMap(
      (callId) => [`v1 ${callId} 7 1 a`, `v2 ${callId} 7 1`],
    ),
    'v2 other-1 7 1',
    'v2 xm-0000000000000001-leg-1 7 1',
    'v2 xm-0000000000000001 7 soon',
    'v1 xm-0000000000000001 7 1 a b',
    'v2 xm-0000000000000001 %E0%A4%A 1',
    'v2 xm-0000000000000001 7 1 pixel',
    'v2 xm-0000000000000001 7 1 AbCdEfGh+AbCdEfGh',
    'v2 xm-0000000000000001 7 1 AbCdEfGh.',
    `v2 xm-0000000000000001 7 1 ${Array(MOST_DEVICES + 1)
      .fill('AbCdEfGh')
      .join('.')}`,
    `v2 xm-0000000000000001 ${'7'.repeat(129)} 1`,
    "v2 xm-0000000000000001 a'b 1",
  ])('takes %j for no memory', (text) => {
    expect(readCallCheckpoint(text)).toBeUndefined();
    expect(readLegCheckpoint(text)).toBeUndefined();
  });
});

describe('whatever a site and its apps have named', () => {
  const users = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ unit: 'grapheme' }), fc.uuid());
  const deviceIds = fc.array(fc.stringMatching(/^[A-Za-z0-9._-]{1,128}$/), { maxLength: 200 });
  const endings = fc.constantFrom(undefined, ENDING);
  const contacts = fc.array(
    fc.record({
      endpoint: fc.constant('PJSIP/m'),
      uri: fc.string({ maxLength: 510 }),
      expiresAtSec: fc.option(fc.nat(), { nil: undefined }),
    }),
    { maxLength: 200 },
  );
  const checkpoints = fc
    .record({ userId: users, deviceIds, ending: endings })
    .map(({ userId, deviceIds: ids, ending }) => ({
      ...{ callId: CALL.callId, userId, waitUntilMs: CALL.waitUntilMs, pushed: ids.map(markOf) },
      ...(ending === undefined ? {} : { ending }),
    }));

  it('the checkpoint of a call is one that an expression takes, of bounded length, and reads back', () => {
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const text = writeCallCheckpoint(checkpoint);
        expect(text.length).toBeLessThanOrEqual(LONGEST_CHECKPOINT);
        expect(variableOrder('1700000000.1', CALL_CHECKPOINT, text)).toMatchObject({ method: 'GET' });
        expect(readCallCheckpoint(text)).toEqual({
          ...checkpoint,
          userId: keptUser(checkpoint.userId),
          pushed: checkpoint.pushed.slice(-MOST_DEVICES),
        });
      }),
    );
  });

  it('the checkpoint of a wake fits into a command of an AGI', () => {
    fc.assert(
      fc.property(checkpoints, contacts, (checkpoint, known) => {
        const before = known.map(registrationMark);
        const text = writeWakeCheckpoint({ ...checkpoint, before });
        expect(text.length).toBeLessThanOrEqual(LONGEST_WAKE_CHECKPOINT);
        expect(readWakeCheckpoint(text)?.before).toEqual(before.length > 100 ? undefined : before);
      }),
    );
  });

  it('marks are eight letters, and differ', () => {
    const ids = Array.from({ length: 100_000 }, (_, n) => `device-${n}`);
    const marks = new Set(ids.map(markOf));
    expect(marks.size).toBe(ids.length);
    expect([...marks].every((mark) => /^[\w-]{8}$/.test(mark))).toBe(true);
  });
});
