/** What is kept on channels reads back as it was written, and nothing else is taken for it. */
import { describe, expect, it } from 'vitest';
import { readCallMemory, readLegMemory, writeCallMemory, writeLegMemory } from '../../src/call/memory.ts';

const CALL = { callId: 'xm-0a1b', userId: '7', waitUntilMs: 1_700_000_015_000, pushed: ['pixel', 'i.phone_2'] };
const LEG = {
  on: 'mobile',
  fresh: true,
  dialledAtMs: 1_700_000_003_000,
  contact: { endpoint: 'PJSIP/alice', uri: 'sip:alice@10.0.0.1:5060;transport=tcp', expiresAtSec: undefined },
} as const;

describe('memory on channels', () => {
  it('reads back', () => {
    expect(readCallMemory(writeCallMemory(CALL))).toEqual(CALL);
    expect(readCallMemory(writeCallMemory({ ...CALL, pushed: [] }))).toEqual({ ...CALL, pushed: [] });
    expect(readCallMemory(writeCallMemory({ ...CALL, userId: 'a b,c%é' }))).toEqual({ ...CALL, userId: 'a b,c%é' });
    expect(readLegMemory(writeLegMemory(LEG))).toEqual(LEG);
    expect(readLegMemory(writeLegMemory({ ...LEG, on: 'webapp', fresh: false }))).toMatchObject({ fresh: false });
  });

  it('has no comma, so that it can be an argument in the dialplan', () => {
    expect(writeCallMemory({ ...CALL, userId: 'a,b' })).not.toContain(',');
  });

  it.each([
    '',
    'v1',
    'v2 xm-1 7 1 a',
    'v1 other-1 7 1 a',
    'v1 xm-1 7 soon a',
    'v1 xm-1 %E0%A4%A 1 a',
    'v1 xm-1 7 1 a b',
  ])('takes %j for no memory', (text) => {
    expect(readCallMemory(text)).toBeUndefined();
    expect(readLegMemory(text)).toBeUndefined();
  });
});
