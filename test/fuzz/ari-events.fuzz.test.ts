/**
 * Asterisk's events, malformed: over a real WebSocket to the router as main wires it. Each event that is right by rules written down here a second time gets where it belongs;
 * what is not is dropped, and told of once for its type, however many there are. Then a call goes its way from beginning to end.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { isOurs } from '../../src/asterisk/app/ids.ts';
import { type AriEvent, readEvent } from '../../src/asterisk/ari/events.ts';
import { answerJson, PbxStub } from '../asterisk/pbx-stub.ts';
import { soon } from '../soon.ts';
import { nothingUncaught } from './alive.ts';
import { channelOf, events } from './ari-examples.ts';
import { feed, LONG } from './feed.ts';
import { jsonBytes } from './inputs.ts';
import { judgeLines, keptLog } from './lines.ts';
import { answerTo, routerOn } from './little-pbx.ts';

nothingUncaught();

const TALKER = /^\/ari\/channels\/(1700000001\.\d+)$/;
const log = keptLog();
let registered = false;
let pbx: PbxStub;
let router: Awaited<ReturnType<typeof routerOn>>;
beforeAll(async () => {
  pbx = await PbxStub.start();
  pbx.answer = (request, response) => {
    // Whoever talks is there.
    const talks = request.method === 'GET' && TALKER.exec(request.path)?.[1];
    if (talks) {
      answerJson(response, 200, { ...channelOf(talks, 'Up', []), dialplan: { app_name: 'Bridge' } });
      return;
    }
    const { status, body } = answerTo(request, registered);
    answerJson(response, status, body);
  };
  router = await routerOn(pbx, log);
  await connected();
});
afterAll(async () => {
  await router.close();
  await pbx[Symbol.asyncDispose]();
});
const connected = () => vi.waitFor(() => expect(router.asterisk.trouble()).toBeUndefined(), { timeout: 20_000 });

type Members = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const orAbsent = (value: unknown, rule: (value: unknown) => boolean): boolean => value === undefined || rule(value);
const textsIn = (value: unknown, names: readonly string[]): boolean =>
  isObject(value) && names.every((name) => orAbsent(value[name], isText));
const isId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.isWellFormed() &&
  !['', '.', '..'].includes(value) &&
  !/\p{Cc}/u.test(value) &&
  [...value].length <= 300;
const isChannel = (value: unknown): boolean =>
  isObject(value) &&
  isId(value.id) &&
  isText(value.state) &&
  orAbsent(value.name, isText) &&
  orAbsent(value.caller, (caller) => textsIn(caller, ['name', 'number'])) &&
  orAbsent(value.dialplan, (dialplan) => textsIn(dialplan, ['app_name', 'app_data', 'context']));

const isPlayback = ({ playback, timestamp }: Members): boolean =>
  isObject(playback) &&
  isText(playback.id) &&
  orAbsent(timestamp, isText) &&
  orAbsent(playback.media_uri, isText) &&
  orAbsent(playback.target_uri, isText);

/** What an event of each type must have, as ARI describes it. */
const rules: Readonly<Record<AriEvent['type'], (event: Members) => boolean>> = {
  StasisStart: ({ args, channel, replace_channel: replaced }) =>
    orAbsent(args, (list) => Array.isArray(list) && list.every(isText)) &&
    orAbsent(replaced, (one) => isObject(one) && isId(one.id)) &&
    isChannel(channel),
  StasisEnd: ({ channel }) => isChannel(channel),
  ChannelStateChange: ({ channel }) => isChannel(channel),
  ChannelDestroyed: ({ cause, cause_txt: words, tech_cause: status, channel }) =>
    orAbsent(cause, isNumber) && orAbsent(words, isText) && orAbsent(status, isNumber) && isChannel(channel),
  Dial: ({ dialstatus, forward, forwarded, peer }) =>
    orAbsent(dialstatus, isText) && orAbsent(forward, isText) && orAbsent(forwarded, isChannel) && isChannel(peer),
  ContactStatusChange: ({ endpoint, contact_info: info }) =>
    isObject(endpoint) &&
    isObject(info) &&
    [endpoint.technology, endpoint.resource, info.uri, info.contact_status].every(isText),
  PlaybackStarted: isPlayback,
  PlaybackContinuing: isPlayback,
  PlaybackFinished: isPlayback,
  ChannelUserevent: ({ eventname, userevent, channel }) =>
    isText(eventname) && orAbsent(userevent, (said) => textsIn(said, ['to'])) && orAbsent(channel, isChannel),
  ApplicationReplaced: () => true,
};
const isRule = (type: unknown): type is AriEvent['type'] => Object.keys(rules).includes(String(type)) && isText(type);

function parsed(frame: Buffer): unknown {
  try {
    return JSON.parse(frame.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The event that a frame is by the rules above. One that begins with a type of no concern, in its first 80 bytes, is of none, whatever is written behind; nor is a user event, unless it may be ours. */
function rightEvent(frame: Buffer): (Members & { readonly type: AriEvent['type'] }) | undefined {
  const event = parsed(frame);
  if (!isObject(event) || !isRule(event.type) || !rules[event.type](event)) return undefined;
  const first = /^\s*\{\s*"type"\s*:\s*"(\w+)"/.exec(frame.toString('latin1', 0, 80))?.[1];
  const isOfNoConcern =
    (first !== undefined && !isRule(first)) || (first === 'ChannelUserevent' && !frame.includes('xivo-mapp-'));
  return isOfNoConcern ? undefined : { ...event, type: event.type };
}

/** What the door says of a frame is what the rules say. */
function judgeDoor(frame: Buffer): void {
  const answer = readEvent(frame);
  const right = rightEvent(frame);
  expect(answer.kind === 'event').toBe(right !== undefined);
  if (answer.kind === 'event') expect(answer.event.type).toBe(right?.type);
  if (answer.kind === 'malformed') expect(answer.detail).toMatch(/^.{5,300}$/s);
}

/** A leg, and no caller, is whoever has a leg's id and has come for nobody. */
const isLegOf = (id: string, args: unknown): boolean =>
  isOurs(id) && ['', 'leg'].includes(String((Array.isArray(args) ? args[0] : '') ?? ''));

const UNFIT = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;
/** What is shown of a number: all of it, where it is one line of sane length; else one that is, made of no more than what was given. */
function isShown(number: string, given: string): boolean {
  if (UNFIT.test(number) || number.length > 40 || !number.isWellFormed()) return false;
  if (UNFIT.test(given) || given.length > 40) return number.length <= given.length;
  return number === given.toWellFormed().trim();
}

const told = (text: string) => log.lines.filter((line) => line.includes(text));
let sent = 0;

/** Sends frames over one connection. True: the router has taken the last of them; false: the connection was lost, and another has come. */
async function isTaken(frames: readonly Buffer[]): Promise<boolean> {
  const events = pbx.events.at(-1);
  if (events === undefined) throw new Error('there is no event connection');
  const { promise: taken, resolve } = Promise.withResolvers<boolean>();
  const onPong = () => resolve(true);
  const onClose = () => resolve(false);
  events.once('pong', onPong).once('close', onClose);
  if (events.readyState !== events.OPEN) resolve(false);
  if (events.readyState === events.OPEN) {
    for (const [n, frame] of frames.entries()) events.send(frame, { binary: n % 5 === 4 });
    events.ping();
  }
  const wasTaken = await taken;
  events.off('pong', onPong).off('close', onClose);
  if (wasTaken) return true;
  await soon(() => expect(pbx.events.at(-1)).not.toBe(events));
  await connected();
  return false;
}

/** Sends frames, and waits until the router has taken the last of them, and the calls that they began are over. */
async function send(frames: readonly Buffer[]): Promise<void> {
  // On a machine that stands still the router gives up a connection that seems dead; then all is said again.
  while (!(await isTaken(frames)));
  const events = pbx.events.at(-1);
  await nextTurn();
  await router.quiet();
  // As Asterisk does when a channel has been given back.
  for (const { channelId } of router.arrived) {
    events?.send(JSON.stringify({ type: 'StasisEnd', channel: channelOf(channelId, 'Up', []) }));
  }
}

it('an event is right and gets where it belongs, or is dropped and told of once', LONG, async () => {
  await feed('ari-events', 0.995, jsonBytes(...events), async (some) => {
    const frames = some.map((frame) => {
      sent += 1;
      return Buffer.from(frame.toString('latin1').replaceAll('CHANNEL-ID', `1700000000.${sent}`), 'latin1');
    });
    for (const frame of frames) judgeDoor(frame);
    router.arrived.length = 0;
    // Another router that takes our name is another story.
    await send(frames.filter((frame) => rightEvent(frame)?.type !== 'ApplicationReplaced'));
    const wanted = new Map<string, Members>();
    for (const event of frames.map(rightEvent)) {
      const channel = isObject(event?.channel) ? event.channel : {};
      if (event?.type === 'StasisStart' && isId(channel.id) && !isLegOf(channel.id, event.args))
        wanted.set(channel.id, event);
    }
    for (const { channelId, userId, number } of router.arrived) {
      const event = wanted.get(channelId);
      const caller = isObject(event?.channel) && isObject(event.channel.caller) ? event.channel.caller : {};
      expect(userId).toBe(String(Array.isArray(event?.args) ? (event.args[0] ?? '') : '').toWellFormed());
      expect(isShown(number, String(caller.number ?? '')), `${number} of ${caller.number}`).toBe(true);
    }
    const arrived = new Set(router.arrived.map(({ channelId }) => channelId));
    expect(arrived).toEqual(new Set(wanted.keys()));
  });
  for (const type of Object.keys(rules).filter((name) => name !== 'ApplicationReplaced')) {
    expect(told('not as ARI describes it').filter((line) => line.includes(`type=${type} `))).toHaveLength(1);
  }
  judgeLines(log.lines);
  // But for what each call has to say, a flood of events is no flood of lines.
  const others = log.lines.filter((line) => !/ call xm-/.test(line));
  expect(others.length).toBeLessThan(300);
});

it('a frame that breaks the protocol costs the connection, which comes back', LONG, async () => {
  const before = log.lines.length;
  let broken = 0;
  await feed('ari-events', 0.005, jsonBytes(...events), async (some) => {
    for (const frame of some.slice(0, 5)) {
      broken += 1;
      const events = pbx.events.at(-1);
      // A frame of a kind that does not exist.
      pbx.sendBytes(Buffer.concat([Buffer.from([0x83, Math.min(frame.length, 125)]), frame.subarray(0, 125)]));
      await vi.waitFor(() => expect(pbx.events.at(-1)).not.toBe(events), { timeout: 20_000, interval: 5 });
      await connected();
    }
  });
  judgeLines(log.lines);
  // Lost, and found again.
  expect(log.lines.length - before).toBeLessThanOrEqual(2 * broken + 2);
});

/** A call from its beginning to its end. Throws where it does not go so, be it that the connection is lost meanwhile. */
async function callGoesItsWay(callerId: string): Promise<void> {
  const started = pbx.requests.length;
  const lines = log.lines.length;
  const asked = (method: string, path: RegExp) =>
    vi.waitFor(
      () => {
        const seen = pbx.requests.slice(started).find((one) => one.method === method && path.test(one.path));
        if (seen === undefined) throw new Error(`${method} ${path} was not asked`);
        return seen;
      },
      { timeout: 20_000, interval: 5 },
    );
  pbx.send({ type: 'StasisStart', args: ['42'], channel: channelOf(callerId, 'Ring', ['42']) });
  const { path } = await asked('POST', /^\/ari\/channels\/xm-[^/]*-leg-0001$/);
  const leg = channelOf(path.split('/').at(-1) ?? '', 'Up', []);
  pbx.send({ type: 'ChannelStateChange', channel: leg });
  const userevent = { to: `mobile ${callerId}` };
  pbx.send({ type: 'ChannelUserevent', eventname: 'xivo-mapp-connected', userevent, channel: leg });
  pbx.send({ type: 'StasisEnd', channel: channelOf(callerId, 'Up', []) });
  await vi.waitFor(() => expect(router.router.stages()).toEqual({ talking: 1 }), { timeout: 20_000, interval: 5 });
  pbx.send({ type: 'ChannelDestroyed', cause: 16, cause_txt: 'Normal Clearing', channel: leg });
  await router.quiet();
  expect(log.lines.slice(lines).join('')).toMatch(/call xm-\w+ answered: mobile/);
  expect(router.router.stages()).toEqual({});
}

it('a call goes its way after all that', LONG, async () => {
  registered = true;
  for (let n = 1; ; n += 1) {
    const connection = pbx.events.at(-1);
    try {
      await callGoesItsWay(`1700000001.${n}`);
      return;
    } catch (error) {
      // On a machine that stands still the router gives up a connection that seems dead, and what was said meanwhile is lost.
      if (pbx.events.at(-1) === connection) throw error;
      await connected();
      await router.quiet();
    }
  }
});
