/**
 * What each party of a call saw, each out of its own record, laid on one clock: milliseconds since the caller's INVITE. Reads only, and must never fill in
 * what a party has not seen.
 */

import { TONES } from '../../lab/asterisk/asterisk.ts';
import type { Callee } from '../../lab/callee.ts';
import type { LabCall } from '../../lab/caller.ts';
import type { Handset } from '../../lab/handset.ts';
import type { Lab } from '../../lab/lab.ts';
import { Mobile } from '../../lab/mobile.ts';
import type { PhoneEvent } from '../../lab/phone/phone-events.ts';
import { dialplanSteps } from './dialplan-steps.ts';
import { type Hearing, hearingsOf, type Voice } from './hearing.ts';
import type { PartyKind, Row } from './paper.ts';
import { toldByRouter } from './router-words.ts';

export interface Parties {
  readonly lab: Lab;
  readonly call: LabCall;
  readonly callee: Callee;
}

/** What all parties saw, in order; a party that cannot be asked any more is a fault, and the others are told all the same. */
export async function askParties(parties: Parties): Promise<{ rows: readonly Row[]; faults: readonly unknown[] }> {
  const { call, callee } = parties;
  const answers = await Promise.allSettled([
    callerRows(parties),
    asteriskRows(parties),
    ...callee.mobiles.map((mobile) => pushRows(mobile, call)),
    ...callee.handsets.map((handset) => handsetRows(handset, call)),
    routerRows(parties),
  ]);
  const rows = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const faults = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  return { rows: rows.filter(({ atMs }) => atMs > -1).sort((one, other) => one.atMs - other.atMs), faults };
}

/** Milliseconds since the INVITE of what the wall clock said. */
function sinceInvite(wallMs: number, call: LabCall): number {
  return Math.max(0, wallMs - performance.timeOrigin - call.startedAtMs);
}

function callerRows({ call, callee }: Parties): Row[] {
  const row = (atMs: number, what: string): Row => ({
    atMs: atMs - call.startedAtMs,
    kind: 'caller',
    who: `caller ${call.caller.name}`,
    what,
  });
  const words: Readonly<Record<string, string>> = {
    ringing: '180 Ringing',
    'early-media': '183 with audio',
    answered: '200 OK',
  };
  const events = call.caller.phone.events.list
    .filter((event) => event.call === call.sip && event.type !== 'connected-line' && event.type !== 'media-changed')
    .map((event) => row(event.atMs, words[event.type] ?? `${event.type}: ${event.detail}`));
  const shown = call.record.connectedLines.filter((line, index, all) => {
    const before = all[index - 1];
    return line.name !== before?.name || line.number !== before.number;
  });
  return [
    row(call.startedAtMs, `INVITE to ${callee.number}`),
    ...events,
    ...shown.map(({ atMs, name, number }) => row(atMs, `is shown ${name} <${number}>`)),
    ...callerHearings(call, callee).map(({ what, fromMs, toMs }) =>
      row(fromMs, `hears ${what} for ${(toMs - fromMs).toFixed(0)} ms`),
    ),
  ];
}

function callerHearings(call: LabCall, callee: Callee): Hearing[] {
  const media = call.caller.phone.events.list.find(
    (event) => event.call === call.sip && (event.type === 'early-media' || event.type === 'answered'),
  );
  const music = { name: 'music on hold', sinceMs: 0 };
  const voices = new Map<number, Voice>([
    [TONES.mohDefault, music],
    [TONES.mohOther, music],
    [TONES.noAnswer, { name: 'the no-answer scenario', sinceMs: 0 }],
    ...callee.handsets.map(({ toneHz, name, calls }) => {
      const answered = calls.find((one) => one.isAnswered)?.record.answeredAtMs;
      return [toneHz, { name, sinceMs: answered ?? 0 }] as const;
    }),
  ]);
  return hearingsOf(call.heard(), voices, media?.atMs ?? Number.POSITIVE_INFINITY);
}

async function asteriskRows({ lab, call }: Parties): Promise<Row[]> {
  const ending = await lab.ending(call);
  const row = (wallMs: number, what: string): Row => ({
    atMs: sinceInvite(wallMs, call),
    kind: 'asterisk',
    who: 'Asterisk',
    what,
  });
  const steps = await dialplanSteps(lab.asterisk.logFile, ending.channel);
  const endedMs = call.record.endedAtMs ?? performance.now();
  const status = `XIVO_MAPP_STATUS=${ending.status || '(unset)'} XIVO_MAPP_REASON=${ending.reason || '(unset)'}`;
  return [
    ...steps.map(({ wallMs, what }) => row(wallMs, what)),
    { atMs: endedMs - call.startedAtMs, kind: 'asterisk', who: 'Asterisk', what: `channel over: ${status}` },
  ];
}

function pushRows(mobile: Mobile, call: LabCall): Row[] {
  const who = mobile.platform === 'ios' ? 'APNs' : 'FCM';
  return mobile.requests.map(({ atMs, payload, outcome, headers }) => ({
    atMs: atMs - call.startedAtMs,
    kind: 'push',
    who,
    what: `${headers['apns-push-type'] ?? 'data message'} ${payload.type ?? '?'}${payload.reason === undefined ? '' : ` (${payload.reason})`} for ${mobile.name}: ${outcome}`,
  }));
}

function handsetRows(handset: Handset, call: LabCall): Row[] {
  const kind: PartyKind = handset instanceof Mobile ? 'mobile' : 'webapp';
  const row = (atMs: number, what: string): Row => ({ atMs: atMs - call.startedAtMs, kind, who: handset.name, what });
  const voices = new Map([[call.toneHz, { name: call.caller.name, sinceMs: 0 }]]);
  const heard = handset.calls.flatMap((one) =>
    hearingsOf(one.heard(), voices, one.record.answeredAtMs ?? Number.POSITIVE_INFINITY),
  );
  const registers = handset.phone.trace.entries.filter(
    ({ direction, firstLine, atMs }) =>
      direction === 'out' && firstLine.startsWith('REGISTER') && atMs > call.startedAtMs,
  );
  return [
    ...registers.map(({ atMs, text }) => row(atMs, registerWords(text))),
    ...handset.phone.events.list
      .filter((event) => event.atMs > call.startedAtMs)
      .flatMap((event) => {
        const what = handsetWords(event);
        return what === undefined ? [] : [row(event.atMs, what)];
      }),
    ...heard
      .filter(({ what }) => what !== 'silence')
      .map(({ what, fromMs, toMs }) => row(fromMs, `hears ${what} for ${(toMs - fromMs).toFixed(0)} ms`)),
  ];
}

function registerWords(text: string): string {
  if (/^Expires: 0$/im.test(text)) return 'REGISTER, to go offline';
  return /^Authorization:/im.test(text) ? 'REGISTER with digest' : 'REGISTER';
}

function handsetWords({ type, detail }: PhoneEvent): string | undefined {
  switch (type) {
    case 'registered':
      return 'is registered';
    case 'invited':
      return `INVITE ${detail}`;
    case 'ringing':
      return 'rings';
    case 'answered':
      return 'answers';
    case 'cancelled':
      return `CANCEL${detail === '' ? '' : ` (${detail})`}`;
    case 'ended':
      return `its call is over: ${detail}`;
    case 'unregistered':
    case 'connected-line':
    case 'media-changed':
      return undefined;
    default:
      return `${type} ${detail}`;
  }
}

async function routerRows({ lab, call }: Parties): Promise<Row[]> {
  const story = await lab.story(call);
  const arrivedMs = sinceInvite(Date.parse(story.startedAt), call);
  const rows = story.timeline.map(
    (entry): Row => ({
      atMs: arrivedMs + entry.atMs,
      kind: 'router',
      who: 'router',
      what: toldByRouter(entry),
    }),
  );
  const over = `call over: ${story.outcome}, ${story.reason}`;
  return [...rows, { atMs: arrivedMs + (story.durationMs ?? 0), kind: 'router', who: 'router', what: over }];
}
