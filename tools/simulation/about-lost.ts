/** What must hold of calls that wait no more when the next router comes: it is told of each, and tells the mobiles what became of it. */
import { type Facts, NEVER } from './facts.ts';
import type { EndedMeanwhile } from './ledger.ts';
import type { Played } from './play.ts';
import type { Run } from './run.ts';

/** What a new run may take to find what is there, ms, beside what the world is slow in. */
const FOUND_MS = 3000;

/** With what really became of the call, and the mobiles with the same word. */
export function* lostCallsAreTold(played: Played, all: readonly Facts[]): Iterable<string> {
  for (const [index, run] of played.runs.entries()) {
    for (const lost of run.lost) yield* isToldTruly(played, run, lost);
    const before = played.runs[index - 1];
    if (before !== undefined) yield* allAreTold(played, run, before, all);
  }
}

function* isToldTruly({ pbx, plan, pushes }: Played, run: Run, told: EndedMeanwhile): Iterable<string> {
  const { callId, lost, atMs, callHistory, endedAtMs } = told;
  const { answeredOn } = lost;
  if (endedAtMs === undefined && !run.life.isOver) yield `${callId} was lost, and never ends`;
  const summary = callHistory.calls.get(callId)?.summary;
  if (summary === undefined) return;
  const talk = pbx.exchange.talks.all.find(({ channelId }) => channelId === channelOf(callId));
  const talked = talk !== undefined && talk.wonAtMs + plan.redirectMs < run.begunAtMs && talk.joinedAtMs !== undefined;
  const expected = answeredOn === undefined ? 'caller-left' : 'answered';
  if (summary.outcome !== expected) yield `${callId} was lost, and ended as ${summary.outcome}`;
  if (talked && (talk.overAtMs ?? NEVER) > atMs && summary.reason !== talk.on)
    yield `${callId} talks on ${talk.on}, and ended as ${summary.outcome} ${summary.reason}`;
  const legs = [...pbx.exchange.legs.values()].filter(({ request }) => request.forChannelId === channelOf(callId));
  if (answeredOn !== undefined && legs.every(({ upAtMs }) => upAtMs === undefined))
    yield `${callId} ended as answered, and nobody has answered`;
  const word = answeredOn === 'webapp' || answeredOn === 'picked-up' ? 'answered-elsewhere' : expected;
  for (const push of pushes)
    if (push.callId === callId && push.what === 'ended' && push.life === run.life.number && push.reason !== word)
      yield `${push.deviceId} was told ${push.reason} instead of ${word}`;
}

/** Where nothing else went wrong. */
function* allAreTold(played: Played, run: Run, before: Run, all: readonly Facts[]): Iterable<string> {
  const { plan, struck } = played;
  const diedAtMs = before.life.overAtMs ?? NEVER;
  const liesLow = (run.life.overAtMs ?? NEVER) - run.begunAtMs < FOUND_MS + patience(all);
  if (struck.length > 0 || plan.gaps.length > 0 || before.stop !== 'none' || liesLow) return;
  for (const { call, planned, notes, cutShort } of all) {
    if (call.run !== before || !cutShort || planned === undefined) continue;
    // It was being written, or is being removed.
    const isOver = ['given-back', 'callee-hung-up'].some((what) => notes.includes(what));
    if (isOver || call.port.leftAtMs !== undefined || diedAtMs - planned.atMs < patience(all)) continue;
    const { callId } = call;
    const goesOn = run.calls.some((one) => one.callId === callId);
    if (!goesOn && !run.lost.some((one) => one.callId === callId)) yield `nobody was told that ${callId} waits no more`;
  }
}

function patience(all: readonly Facts[]): number {
  return all[0]?.patienceMs ?? 0;
}

/** Whose call that is. */
export function channelOf(callId: string): string {
  return `caller-${Number(/^xm-(\d{8})/.exec(callId)?.[1])}`;
}
