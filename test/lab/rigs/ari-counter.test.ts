/** That a count of what is asked of Asterisk tells kinds apart, and that more, fewer and unknown ones are told. */
import { describe, expect, it } from 'vitest';
import { atMost, each, unlike, untimed } from '../../../lab/rigs/allowance.ts';
import { kindOf } from '../../../lab/rigs/request-kinds.ts';

const asked = (field: string) => `\${PJSIP_CONTACT(a%3B1,${field})}`;

describe('the kind of a request', () => {
  it.each([
    ['POST', '/ari/channels/1700000000.1/moh?mohClass=default', 'POST /channels/{id}/moh'],
    ['POST', '/ari/channels/xm-0123456789abcdef-leg-0001', 'POST /channels/{id}'],
    ['POST', '/ari/channels/17.1/play/17.1-hold-1', 'POST /channels/{id}/play/{id}'],
    [
      'DELETE',
      '/ari/applications/xivo-mapp/subscription?eventSource=endpoint:PJSIP%2Falice',
      'DELETE /applications/{id}/subscription?endpoint',
    ],
    [
      'GET',
      '/ari/channels/17.1/variable?variable=SET(XIVO_MAPP_STATUS%3Da)',
      'GET /channels/{id}/variable?SET(XIVO_MAPP_STATUS)',
    ],
    [
      'GET',
      `/ari/channels/17.1/variable?variable=EVAL(${asked('uri')}%1F${asked('expiration_time')})`,
      'GET /channels/{id}/variable?addresses+expiries',
    ],
    [
      'GET',
      `/ari/channels/17.1/variable?variable=EVAL(${asked('expiration_time')})`,
      'GET /channels/{id}/variable?expiries',
    ],
    ['GET', '/ari/asterisk/variable?variable=XIVO_MAPP_APP', 'GET /asterisk/variable?XIVO_MAPP_APP'],
  ])('%s %s', (method, target, kind) => {
    expect(kindOf(method, target)).toBe(kind);
  });
});

describe('what a count may be', () => {
  const allowed = { once: 1, perhaps: atMost(2), beat: each(2_000, 1, 1) };

  it('is as it may be', () => {
    expect(
      unlike(
        new Map([
          ['once', 1],
          ['beat', 4],
        ]),
        allowed,
        5_000,
      ),
    ).toEqual([]);
  });

  it('tells what is more, what is missing and what nobody has spoken of', () => {
    const counted = new Map([
      ['perhaps', 3],
      ['beat', 5],
      ['another', 1],
    ]);
    expect(unlike(counted, allowed, 5_000)).toEqual([
      'once: 0 instead of 1',
      'perhaps: 3, at most 2 in 5000 ms',
      'beat: 5, at most 4 in 5000 ms',
      'another: 1 instead of 0',
    ]);
  });

  it('knows what depends on the time that passes', () => {
    expect(untimed(allowed)).toEqual(['once', 'perhaps']);
  });
});
