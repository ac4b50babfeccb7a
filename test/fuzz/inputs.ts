/**
 * Malformed input in the making: valid examples with a few things wrong, which get further into a program than noise does, and some noise. Every door draws from
 * here, so that what one door was bitten by is tried on all. It must never know any door.
 */
import fc from 'fast-check';

import { type Json, strangeJson, strangeText } from './strange.ts';

/** One thing that goes wrong with a JSON value. `at` picks the place, modulo the places there are. */
interface Mishap {
  readonly how: 'replace' | 'wrap' | 'drop' | 'rename' | 'add';
  readonly at: number;
  readonly name: string;
  readonly value: Json;
}

const mishap: fc.Arbitrary<Mishap> = fc.record({
  how: fc.constantFrom('replace', 'replace', 'replace', 'wrap', 'drop', 'rename', 'add'),
  at: fc.nat({ max: 400 }),
  name: strangeText,
  value: strangeJson,
});

/** Every place in a value, as the keys that lead there; the value itself is none. */
function placesIn(value: Json, above: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inside]) => {
    const here = [...above, key];
    return here.length > 8 ? [here] : [here, ...placesIn(inside, here)];
  });
}

/** What stands in the place of one entry. */
function mishappen([name, inside]: readonly [string, Json], mishap: Mishap): [string, Json][] {
  if (mishap.how === 'drop') return [];
  if (mishap.how === 'wrap') return [[name, [inside]]];
  if (mishap.how === 'replace') return [[name, mishap.value]];
  const other: [string, Json] = [mishap.name, mishap.how === 'rename' ? inside : mishap.value];
  return mishap.how === 'rename' ? [other] : [[name, inside], other];
}

/** A copy, changed at one place. `__proto__` is a key like any other here, as it is for JSON.parse. */
function changed(value: Json, [key = '', ...below]: readonly string[], mishap: Mishap): Json {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap((entry): [string, Json][] => {
    const [name, inside] = entry;
    if (name !== key) return [[name, inside]];
    return below.length > 0 ? [[name, changed(inside, below, mishap)]] : mishappen(entry, mishap);
  });
  return Array.isArray(value) ? entries.map(([, inside]) => inside) : Object.fromEntries(entries);
}

function suffer(value: Json, mishap: Mishap): Json {
  const places = placesIn(value);
  const place = places[mishap.at % (places.length + 1)];
  if (place !== undefined) return changed(value, place, mishap);
  return mishap.how === 'wrap' ? [value] : mishap.how === 'replace' ? mishap.value : value;
}

/** One of the examples, with up to three things wrong; sometimes with none. */
function mutatedJson(...examples: readonly Json[]): fc.Arbitrary<Json> {
  return fc
    .tuple(fc.constantFrom(...examples), fc.array(mishap, { maxLength: 3 }))
    .map(([example, mishaps]) => mishaps.reduce(suffer, example));
}

const BAD_BYTES: readonly Buffer[] = [
  ...['00', 'ff', 'c0af', 'eda080', 'f8888080', 'efbbbf', '0d0a', '80'].map((hex) => Buffer.from(hex, 'hex')),
  ...['"', '{', '}', ',', ':', '\\', '\\u', '\\ud800', '1e999', '-', '00', 'NaN', '/**/', '[[[[', '\n'].map((text) =>
    Buffer.from(text),
  ),
];

/** One thing that goes wrong with bytes on their way. `at` and `end` are shares of the length, in thousandths. */
const damage = fc.record({
  how: fc.constantFrom('cut', 'behead', 'insert', 'overwrite', 'repeat', 'flip', 'flood'),
  at: fc.nat({ max: 1_000 }),
  length: fc.integer({ min: 1, max: 40 }),
  bytes: fc.constantFrom(...BAD_BYTES),
});

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(whole: Buffer, { how, at, length, bytes }: Damage): Buffer {
  const from = Math.floor((whole.length * at) / 1_000);
  const [before, after] = [whole.subarray(0, from), whole.subarray(from)];
  const slice = after.subarray(0, length);
  switch (how) {
    case 'cut':
      return before;
    case 'behead':
      return after;
    case 'insert':
      return Buffer.concat([before, bytes, after]);
    case 'overwrite':
      return Buffer.concat([before, bytes, after.subarray(bytes.length)]);
    case 'repeat':
      return Buffer.concat([before, slice, after]);
    case 'flood':
      return Buffer.concat([before, ...Array<Buffer>(200).fill(slice), after]);
    default:
      return Buffer.concat([before, slice.map((byte, n) => (n === 0 ? byte ^ 0x20 : byte)), after.subarray(length)]);
  }
}

/** The same bytes; a report shows them as text, one letter for each. */
export function readable(bytes: Buffer): Buffer {
  return Object.assign(bytes, { [fc.toStringMethod]: () => `latin1 ${JSON.stringify(bytes.toString('latin1'))}` });
}

/** Bytes as they may come over a wire: the example's, damaged once or twice, or not at all. */
export function damagedBytes(example: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(example, fc.array(damage, { maxLength: 2 }))
    .map(([whole, damages]) => readable(damages.reduce(damaged, Buffer.from(whole))));
}

/** The same name twice in an object, here or there: readers differ in which they believe. */
function withTwins(text: string, at: number, name: string, value: Json): string {
  const opens = [...text.matchAll(/\{(?=")/g)].map(({ index }) => index + 1);
  const here = opens[at % Math.max(1, opens.length)];
  const twin = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return here === undefined ? text : `${text.slice(0, here)}${twin},${text.slice(here)}`;
}

/** JSON as it may come over a wire: examples with wrong values, with names that are there twice, damaged on the way, and noise. */
export function jsonBytes(...examples: readonly Json[]): fc.Arbitrary<Buffer> {
  const names = [...new Set(examples.flatMap((example) => placesIn(example).map((place) => place.at(-1) ?? '')))];
  const asText = mutatedJson(...examples).map((value) => JSON.stringify(value));
  const twins = fc
    .tuple(asText, fc.nat({ max: 20 }), fc.constantFrom('', ...names), strangeJson)
    .map(([text, at, name, value]) => readable(Buffer.from(withTwins(text, at, name, value))));
  const plain = asText.map((text) => readable(Buffer.from(text)));
  return fc.oneof(
    { weight: 12, arbitrary: plain },
    { weight: 2, arbitrary: twins },
    { weight: 5, arbitrary: damagedBytes(plain) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => readable(Buffer.from(bytes))) },
  );
}
