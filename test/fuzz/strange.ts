/**
 * Values that programs stumble over: texts, numbers, JSON. Whatever has bitten one door goes in here, so that it is tried on all of them.
 */
import fc from 'fast-check';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const LONG_TEXT = 'x'.repeat(70_000);

const STRANGE_TEXTS: readonly string[] = [
  ...['', ' ', '\t', '\0', '\r\n', 'a\r\nX-Evil: 1', '\u001b[2J', '\u001f', '\u007f', '\u0085', '\u2028', '\u202e'],
  ...['\ud800', 'x\udfff', '\ud83d\ude00', 'e\u0301', 'é 電話', '\uffff', '\ufffd', '\ufeff'],
  ...['true', 'TRUE', 'null', 'undefined', 'NaN', 'Infinity', '-Infinity', '[object Object]'],
  ...[
    '0',
    '-0',
    '-1',
    '+1',
    '00',
    '1.5',
    '1e3',
    '1e9',
    '1e999',
    '0x10',
    '0b1',
    '0o7',
    '1_000',
    '1,5',
    ' 7 ',
    '７',
    '٣',
  ],
  ...['2147483648', '9007199254740993', '9223372036854775808', '9'.repeat(400)],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'length'],
  ...['.', '..', '../..', '/', '//', '%00', '%2e%2e%2f', '%', '%zz', '%c0%af', '?', '#', '&', '=', ';', ',', '+', '*'],
  ...[
    '"',
    "'",
    '\\',
    '""',
    '"true"',
    "'true'",
    '"\\""',
    `\${GLOBAL(X)}`,
    `\${`,
    '$[1+1]',
    '`id`',
    '$(id)',
    "' OR '1'='1",
  ],
  ...['<x>', '<!--', '{}', '[]', '{', '[', '{"a":1}', 'sip:a@b', 'SIP/a', 'PJSIP/', 'PJSIP/a', 'PJSIP/a&Local/b'],
];

/** Any text: the strange ones, noise, and now and then a long one. */
export const strangeText: fc.Arbitrary<string> = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(...STRANGE_TEXTS) },
  { weight: 20, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  { weight: 10, arbitrary: fc.string({ maxLength: 12 }) },
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 600 }).map((length) => 'a'.repeat(length)) },
  { weight: 1, arbitrary: fc.constant(LONG_TEXT) },
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom(...STRANGE_TEXTS), fc.constantFrom(...STRANGE_TEXTS))
      .map(([one, two]) => `${one}${two}`),
  },
);

/** Numbers that JSON can carry, and the edges of what programs keep them in. */
export const strangeNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    1.5,
    1e21,
    -1e21,
    1e308,
    5e-324,
    2 ** 31,
    -(2 ** 31) - 1,
    2 ** 53,
    2 ** 63,
    -(2 ** 63),
    8.64e15 + 1,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

const nested = fc
  .tuple(fc.constantFrom('[', '{"a":'), fc.constantFrom(3, 60, 1_500))
  .map(([open, depth]): Json => JSON.parse(`${open.repeat(depth)}1${(open === '[' ? ']' : '}').repeat(depth)}`));

/** Any JSON value, deep ones and broad ones included. */
export const strangeJson: fc.Arbitrary<Json> = fc.oneof(
  { weight: 40, arbitrary: strangeText },
  { weight: 20, arbitrary: strangeNumber },
  { weight: 30, arbitrary: fc.constantFrom<Json>(null, true, false, [], {}, [null], [[]], { '': 1 }, [''], [0]) },
  { weight: 4, arbitrary: nested },
  { weight: 1, arbitrary: fc.constant<Json>(Array<Json>(3_000).fill(0)) },
  { weight: 5, arbitrary: fc.jsonValue({ maxDepth: 2 }).map((value): Json => JSON.parse(JSON.stringify(value))) },
);
