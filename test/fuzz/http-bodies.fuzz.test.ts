/**
 * The HTTP API, malformed bodies: over real connections to the real server on the real store. What is taken is right by rules written down here a second time, and is in
 * the store as it was sent; what is refused says what is wrong, and has changed nothing.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { fuzzedApi, judgeRefusal, KEY, TOKEN } from './fuzzed-api.ts';
import { jsonBytes } from './inputs.ts';
import { Wire } from './wire.ts';

nothingUncaught();

const api = fuzzedApi();
const HEADS = `Host: x\r\nAuthorization: Bearer ${KEY}\r\nContent-Type: application/json\r\n`;
let wires: readonly Wire[];
beforeAll(() => {
  wires = Array.from({ length: 8 }, () => new Wire(api.port));
});
afterAll(() => {
  for (const wire of wires) wire.close();
});

const bodies = {
  user: jsonBytes(
    { ringingDevice: 'MobileApp', mobileEndpoint: 'PJSIP/alice-mobile' },
    { ringingDevice: 'WebApp', webAppEndpoint: 'PJSIP/uc', mobileEndpoint: null },
  ),
  device: jsonBytes(
    { platform: 'android', token: TOKEN },
    {
      platform: 'ios',
      token: 'aB'.repeat(32),
      alertToken: 'cd'.repeat(32),
      appId: 'org.example.app',
      osVersion: '18.1',
      model: 'iPhone 12',
      language: 'fr-FR',
    },
  ),
};

interface Put {
  readonly what: 'user' | 'device';
  readonly body: Buffer;
  readonly chunked: boolean;
}
const puts: fc.Arbitrary<Put> = fc.oneof(
  fc.record({ what: fc.constant('user' as const), body: bodies.user, chunked: fc.boolean() }),
  fc.record({ what: fc.constant('device' as const), body: bodies.device, chunked: fc.boolean() }),
);

/** The members of a flat JSON object; undefined where the bytes are no UTF-8, no JSON, no flat object, or name something twice. */
function membersOf(bytes: Buffer): Map<string, unknown> | undefined {
  const whole = bytes.toString('utf8');
  // Bytes that are no UTF-8 do not come back as they were.
  if (!Buffer.from(whole).equals(bytes)) return undefined;
  // A mark of the byte order before it may be left out, as RFC 8259 has it.
  const text = whole.replace(/^\ufeff/, '');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  const members = new Map(Object.entries(parsed));
  const names = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/gs)].filter(([, colon]) => colon !== undefined);
  const flat = [...members.values()].every((value) => value === null || typeof value !== 'object');
  return flat && names.length === members.size ? members : undefined;
}

type Rule = (value: unknown) => boolean;
const text =
  (most: number, form: RegExp): Rule =>
  (value) =>
    typeof value === 'string' && [...value].length >= 1 && [...value].length <= most && form.test(value);
const orNone =
  (rule: Rule): Rule =>
  (value) =>
    value === null || value === undefined || rule(value);
const endpointRule = orNone((value) => text(86, /^PJSIP\/[\w.-]+$/)(value));
const tokenRule = text(4_096, /^[!-~]+$/);
const rulesOf = (record: Readonly<Record<string, Rule>>): ReadonlyMap<string, Rule> => new Map(Object.entries(record));
const rules: Readonly<Record<Put['what'], ReadonlyMap<string, Rule>>> = {
  user: rulesOf({
    ringingDevice: (value) =>
      ['WebApp', 'MobileApp', 'WebAppAndMobileApp'].includes(String(value)) && typeof value === 'string',
    mobileEndpoint: endpointRule,
    webAppEndpoint: endpointRule,
  }),
  device: rulesOf({
    platform: (value) => value === 'android' || value === 'ios',
    token: tokenRule,
    alertToken: orNone(tokenRule),
    appId: orNone(text(155, /^[\w.-]+$/)),
    osVersion: orNone(text(64, /^[^\p{Cc}\p{Cs}]+$/u)),
    model: orNone(text(128, /^[^\p{Cc}\p{Cs}]+$/u)),
    language: orNone(text(35, /^[\w-]+$/)),
  }),
};

function isRight(what: Put['what'], members: ReadonlyMap<string, unknown>): boolean {
  const known = rules[what];
  if ([...members.keys()].some((name) => !known.has(name))) return false;
  if ([...known].some(([name, rule]) => !rule(members.get(name)))) return false;
  if (what === 'user') return true;
  const [main, alert] = [members.get('token'), members.get('alertToken') ?? undefined];
  if (members.get('platform') === 'android') return alert === undefined;
  const hex = text(200, /^([0-9a-fA-F]{2}){32,}$/);
  return hex(main) && (alert === undefined || (hex(alert) && alert !== main));
}

function framed(head: string, body: Buffer, chunked: boolean): Buffer {
  if (!chunked) return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
  const half = Math.ceil(body.length / 2);
  const pieces = [body.subarray(0, half), body.subarray(half)].filter((piece) => piece.length > 0);
  const chunks = pieces.flatMap((piece) => [
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ]);
  return Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), ...chunks, Buffer.from('0\r\n\r\n')]);
}

let counted = 0;
async function judgePut({ what, body, chunked }: Put, wire: Wire): Promise<'taken' | 'refused'> {
  counted += 1;
  const id = `f${counted}`;
  const path = what === 'user' ? `/v1/users/${id}` : `/v1/users/anna/devices/${id}`;
  const answer = await wire.ask(framed(`PUT ${path} HTTP/1.1\r\n${HEADS}`, body, chunked));
  const members = body.length > 65_536 ? undefined : membersOf(body);
  const stored =
    what === 'user'
      ? await api.registry.user(id)
      : (await api.registry.devices('anna'))?.find((d) => d.deviceId === id);
  if (members !== undefined && isRight(what, members)) {
    expect(answer.status).toBe(201);
    for (const name of rules[what].keys()) {
      expect(new Map(Object.entries(stored ?? {})).get(name) ?? null).toBe(members.get(name) ?? null);
    }
    await (what === 'user' ? api.registry.deleteUser(id) : api.registry.deleteDevice('anna', id));
    return 'taken';
  }
  expect(stored).toBeUndefined();
  const names = judgeRefusal(answer);
  const wrong =
    members === undefined
      ? []
      : [...members.keys()].filter((name) => !(rules[what].get(name)?.(members.get(name)) ?? false));
  // Each wrong member by its name, unless there are more than are worth telling.
  for (const name of wrong.slice(0, 20)) expect(names).toContain(name.length > 64 ? `${name.slice(0, 64)}…` : name);
  return 'refused';
}

it('a body is right and is stored, or is refused and changes nothing', LONG, async () => {
  const seen = new Set<string>();
  await feed('http', 0.5, puts, async (some) => {
    // Devices one after another, for a token that is told twice moves from one to the other.
    const [first, ...others] = wires;
    const users = some.filter(({ what }) => what === 'user');
    const work = [
      some.filter(({ what }) => what === 'device'),
      ...others.map((_, n) => users.filter((_, at) => at % others.length === n)),
    ].map(async (share, n) => {
      const wire = wires[n] ?? first;
      for (const put of share) if (wire) seen.add(await judgePut(put, wire));
    });
    for (const done of await Promise.allSettled(work)) if (done.status === 'rejected') throw done.reason;
  });
  expect([...seen].sort()).toEqual(['refused', 'taken']);
  expect(api.lines()).toEqual([]);
});
