/**
 * Asterisk's answers, malformed: to whatever the router asks while calls come and go and connections drop. Every call ends exactly once and in words, the log stays short, and with right
 * answers everything is as it was.
 */
import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { answerJson, PbxStub } from '../asterisk/pbx-stub.ts';
import { soon } from '../soon.ts';
import { nothingUncaught } from './alive.ts';
import { answers, channelOf } from './ari-examples.ts';
import { feed, LONG } from './feed.ts';
import { damagedBytes, jsonBytes, readable } from './inputs.ts';
import { judgeLines, keptLog } from './lines.ts';
import { answerTo, routerOn } from './little-pbx.ts';

nothingUncaught();

const STATUSES = [
  200, 201, 202, 204, 206, 301, 304, 400, 401, 403, 404, 409, 410, 412, 418, 422, 429, 500, 501, 503, 599,
];
const TYPES = ['application/json', 'text/html', 'application/json; charset=utf-16', ''];

interface Strange {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
  /** The answer is these bytes, and the end of the connection. */
  readonly raw: boolean;
}
const body = jsonBytes(...answers);
const whole = body.map((json) =>
  readable(
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n`),
      json,
    ]),
  ),
);
const strange: fc.Arbitrary<Strange> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      status: fc.constantFrom(200, 200, 200, ...STATUSES),
      type: fc.constantFrom(...TYPES),
      body,
      raw: fc.constant(false),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      status: fc.constant(0),
      type: fc.constant(''),
      body: damagedBytes(whole),
      raw: fc.constant(true),
    }),
  },
);

const log = keptLog();
const waiting: Strange[] = [];
let given = 0;
let pbx: PbxStub;
let router: Awaited<ReturnType<typeof routerOn>>;

function giveStrange({ status, type, body: json, raw }: Strange, response: ServerResponse): void {
  given += 1;
  if (raw) {
    response.socket?.end(json);
    return;
  }
  const bare = status === 204 || status === 304;
  response.writeHead(status, {
    ...(type === '' ? {} : { 'content-type': type }),
    ...(bare ? {} : { 'content-length': json.length }),
  });
  response.end(bare ? undefined : json);
}

beforeAll(async () => {
  pbx = await PbxStub.start();
  let asked = 0;
  pbx.answer = (request, response) => {
    asked += 1;
    // Now and then one that is right lets things go further.
    const odd = asked % 3 === 0 ? undefined : waiting.shift();
    if (odd !== undefined) {
      giveStrange(odd, response);
      return;
    }
    const { status, body: right } = answerTo(request, false);
    answerJson(response, status, right);
  };
  router = await routerOn(pbx, log);
  await connected();
});
afterAll(async () => {
  await router.close();
  await pbx[Symbol.asyncDispose]();
});
const connected = () =>
  vi.waitFor(() => expect(router.asterisk.trouble()).toBeUndefined(), { timeout: 25_000, interval: 5 });

const KNOWN = '42';
let calls = 0;
/** Callers come, and their calls go on to their end. Gives how many calls of the user whom we know have ended: one who is listed on a return counts as well. */
async function callsEnd(userIds: readonly string[]): Promise<number> {
  const starts = userIds.map((userId) => {
    calls += 1;
    const channelId = `1700000000.${calls}`;
    return {
      channelId,
      event: { type: 'StasisStart', args: [userId], channel: channelOf(channelId, 'Ring', [userId]) },
    };
  });
  const missing = () =>
    starts.filter((start) => !router.arrived.some(({ channelId }) => channelId === start.channelId));
  const arrive = async () => {
    // Said again where the connection was just lost, and only then: who comes twice comes again.
    for (const { event } of missing()) pbx.send(event);
    const events = pbx.events.at(-1);
    await vi.waitFor(() => {
      if (pbx.events.at(-1) === events && events?.readyState === 1) expect(missing()).toEqual([]);
    });
    expect(missing()).toEqual([]);
  };
  await vi.waitFor(arrive, { timeout: 25_000, interval: 5 });
  const ended = (await router.quiet()).filter((userId) => userId === KNOWN).length;
  for (const { channelId } of router.arrived.splice(0)) {
    pbx.send({ type: 'StasisEnd', channel: channelOf(channelId, 'Up', []) });
  }
  return ended;
}

/** The event connection is lost, and there is another. */
async function cut(): Promise<void> {
  const before = pbx.events.length;
  pbx.cut();
  await vi.waitFor(() => expect(pbx.events.length).toBeGreaterThan(before), { timeout: 25_000, interval: 5 });
  await connected();
}

/** Who is called at a time. */
const CALLEES = Array.from({ length: 24 }, (_, n) => [KNOWN, '7', KNOWN, KNOWN, ''][n % 5] ?? '');

it('whatever Asterisk answers, each call ends once and in words', LONG, async () => {
  let batches = 0;
  await feed(
    'ari-answers',
    1,
    strange,
    async (some) => {
      batches += 1;
      const before = log.lines.length;
      let ended = 0;
      // What is asked on a return is answered strangely as well.
      const onReturn = batches % 5 === 1 ? some.slice(0, 8) : [];
      waiting.push(...onReturn);
      if (onReturn.length > 0) await cut();
      waiting.push(...some.slice(onReturn.length));
      while (waiting.length > 0) ended += await callsEnd(CALLEES);
      let lines: string[] = [];
      const allIsTold = async () => {
        // A strange answer may tell of strangers, who come when they are looked for.
        ended += (await router.quiet()).filter((userId) => userId === KNOWN).length;
        lines = log.lines.slice(before);
        const ends = lines.filter((line) => / INFO {2}call xm-\S+ /.test(line));
        expect(ends.filter((line) => line.includes(` userId=${KNOWN} `))).toHaveLength(ended);
      };
      await vi.waitFor(allIsTold, { timeout: 25_000, interval: 5 });
      // One line for each fault at most, and a few for the outage and its end; of a user whom nobody knows, only a call that goes wrong has one.
      expect(lines.length).toBeLessThanOrEqual(some.length * 2 + ended * 6 + 20);
    },
    200,
  );
  expect(given).toBeGreaterThan(0);
  judgeLines(log.lines);
});

it('with right answers all is as it was', LONG, async () => {
  await connected();
  const before = log.lines.length;
  await callsEnd([KNOWN]);
  expect(log.lines.slice(before).join('')).toMatch(/call xm-\S+ unreachable: no-device/);
  await soon(() => expect(router.router.stages()).toEqual({}));
});
