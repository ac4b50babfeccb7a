/** Every value that is written to a caller's channel is set by an expression; nothing else is, and nothing is set by ARI's own order. */
import { describe, expect, it } from 'vitest';
import { variableOrder } from '../../src/asterisk/app/variable-order.ts';
import { encodeQueryValue } from '../../src/asterisk/ari/client.ts';
import { PbxError } from '../../src/call/errors.ts';
import { type Ending, readEnding, statusOf } from '../../src/call/outcomes.ts';

/** What Asterisk takes as a request line, in bytes. */
const LONGEST_LINE = 4_093;

/** What giveBack() and connect() tell the dialplan. */
const TOLD: readonly Ending[] = [
  ...(['mobile', 'webapp'] as const).map((reason) => ({ outcome: 'answered', reason }) as const),
  ...(['wait-over', 'ring-time-over'] as const).map((reason) => ({ outcome: 'no-answer', reason }) as const),
  { outcome: 'busy', reason: 'busy' },
  { outcome: 'declined', reason: 'declined' },
  ...(['no-device', 'every-token-dead', 'not-registered', 'every-leg-failed'] as const).map(
    (reason) => ({ outcome: 'unreachable', reason }) as const,
  ),
  ...(['unknown-user', 'no-endpoint', 'bad-endpoint', 'bad-device', 'do-not-disturb', 'forwarded'] as const).map(
    (reason) => ({ outcome: 'passed', reason }) as const,
  ),
  ...(['router-stopping', 'pbx-error', 'router-error'] as const).map(
    (reason) => ({ outcome: 'failed', reason }) as const,
  ),
];

describe('a variable of a channel', () => {
  it('takes every word with which a call can end', () => {
    expect(TOLD.filter(({ outcome, reason }) => readEnding(outcome, reason) === undefined)).toHaveLength(1);
    for (const ending of TOLD) {
      const told = { XIVO_MAPP_STATUS: statusOf(ending) ?? '', XIVO_MAPP_REASON: ending.reason };
      for (const [name, value] of Object.entries(told)) {
        expect(variableOrder('1.1', name, value)).toMatchObject({
          method: 'GET',
          path: '/channels/1.1/variable',
          query: { variable: `SET(${name}=${value})` },
        });
      }
    }
  });

  it.each([
    ['XIVO_PICKEDUP', '1'],
    ['XIVO_MAPP_HOLD', '999999'],
    ['XIVO_MAPP_MEMORY', 'v2 xm-0123456789abcdef a%20b%27 1704067200000 AbCd-_09.AbCdEfGh over=no-answer:wait-over'],
  ])('%s takes %j', (name, value) => {
    expect(variableOrder('1.1', name, value)).toMatchObject({ query: { variable: `SET(${name}=${value})` } });
  });

  it.each(['', 'a)b', '$\u007bEPOCH}', 'a,b', 'a"b', "it's", 'a\\b', 'a\nb', 'é', 'x'.repeat(1001)])(
    'is not set to %j by any order, and the fault says so',
    (value) => {
      expect(() => variableOrder('1.1', 'XIVO_MAPP_DIAL', value)).toThrow(PbxError);
      expect(() => variableOrder('1.1', 'XIVO_MAPP_DIAL', value)).toThrow(/^XIVO_MAPP_DIAL cannot be set to "/);
    },
  );

  it.each(['CHANNEL(language)', '', 'A'.repeat(81), 'A=B'])('is none that is called %j', (name) => {
    expect(() => variableOrder('1.1', name, 'fr')).toThrow(PbxError);
  });

  it('is asked for in a line that Asterisk takes, whatever the channel is called', () => {
    for (const sign of [' ', '+', '%', 'x']) {
      const { path, query } = variableOrder('/ '.repeat(74), 'A'.repeat(80), sign.repeat(1000));
      const line = `GET /ari${path}?variable=${encodeQueryValue(query?.variable ?? '')} HTTP/1.1`;
      expect(line.length).toBeLessThanOrEqual(LONGEST_LINE);
    }
  });
});
