/** Which values are set by an expression, and which by ARI's own order. */
import { expect, it } from 'vitest';
import { variableOrder } from '../../src/asterisk/variable-order.ts';

it.each(['ANSWERED', 'v1 xm-1 a%20b 1704067200000 phone+tablet over=no-answer:wait-over'])(
  '%j is set at once',
  (value) => {
    expect(variableOrder('1.1', 'XIVO_MAPP_MEMORY', value)).toMatchObject({
      method: 'GET',
      path: '/channels/1.1/variable',
      query: { variable: `SET(XIVO_MAPP_MEMORY=${value})` },
    });
  },
);

it.each(['', 'a)b', '$\u007bEPOCH}', 'a,b', 'a"b', "it's", 'a\\b', 'a\nb', 'é', 'x'.repeat(1001)])(
  '%j does not get into an expression',
  (value) => {
    expect(variableOrder('1.1', 'XIVO_MAPP_DIAL', value)).toEqual({
      method: 'POST',
      path: '/channels/1.1/variable',
      body: { variable: 'XIVO_MAPP_DIAL', value },
    });
  },
);

it('lets no name of a function in', () => {
  expect(variableOrder('1.1', 'CHANNEL(language)', 'fr').method).toBe('POST');
});
