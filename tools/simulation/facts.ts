/** One call as one run of the router has had it, as the invariants look at it: its own legs, pushes and moments, taken out of what was seen. It judges nothing. */
import { getEventListeners } from 'node:events';
import type { Ending } from '../../src/call/outcomes.ts';
import { readCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import type { LegChannel } from './exchange.ts';
import type { PlayedCall } from './ledger.ts';
import type { LegFile } from './legs-port.ts';
import type { Played } from './play.ts';
import type { SentPush } from './push-service.ts';
import type { Talk } from './talks.ts';
import type { PortName } from './world-plan.ts';

export interface OwnLeg {
  readonly legId: string;
  readonly file: LegFile;
  /** Undefined where Asterisk never had it. */
  readonly channel: LegChannel | undefined;
  /** When the router was told that it had ended, or that its order was refused. */
  readonly overAtMs: number;
}

/** What the router was told of who has the caller. */
interface Connected {
  readonly legId: string;
  readonly atMs: number;
  /** How many things had happened by then. */
  readonly step: number;
  readonly pickedUp: boolean;
}

export interface Facts {
  readonly call: PlayedCall;
  readonly ending: Ending | undefined;
  readonly endedAtMs: number;
  /** The router died before the call was over: nobody can be asked for what it has left undone. */
  readonly cutShort: boolean;
  /** It went on from where an earlier run was. */
  readonly resumed: boolean;
  readonly legs: readonly OwnLeg[];
  /** Of this call, by whatever run. */
  readonly pushes: readonly SentPush[];
  readonly connects: readonly Connected[];
  /** Who had won by the time when the router could still go by it. */
  readonly won: Connected | undefined;
  /** How long the others may go on since the router was just giving the caller back, or stopping, when it heard of that. */
  readonly hearsLateMs: number;
  /** Who really has had the caller, while this call was its last. */
  readonly talks: readonly Talk[];
  readonly notes: readonly string[];
  /** The plan as the call made it, with the moment in which it was made, and the wait that was left by then; undefined where it came to none. */
  readonly planned: { readonly atMs: number; readonly waitMs: number; readonly ringMs: number } | undefined;
  /** When the ringing began that it has come to: before its own time, where it went on with legs of an earlier run. */
  readonly rangFromMs: number;
  /** How long the call waited where no mobile registered afresh; undefined where one did, or the wait was never over. */
  readonly waitedMs: number | undefined;
  /** The first moment from which nobody shall be rung any more for this call. Infinity where it never came. */
  readonly decidedAtMs: number;
  /** A conversation that outlived the router. */
  readonly leftTalking: boolean;
  readonly listenersLeft: number;
  /** How often the world made these ports fail, in whatever call. */
  readonly failures: (...ports: readonly PortName[]) => number;
  /** What slowness and gaps of the world may have cost, in ms, taken together. */
  readonly patienceMs: number;
}

export const NEVER = Number.POSITIVE_INFINITY;
/** How long a router that stops waits for pushes that are under way. */
const LEAVING_MS = 800;

export function factsOf(played: Played, call: PlayedCall): Facts {
  const { run } = call;
  const { channelId } = call.channel;
  const timeline = call.callHistory.calls.get(call.callId)?.timeline ?? [];
  const planned = timeline.find(({ what }) => what === 'planned');
  const waitOver = timeline.find(({ what, facts }) => what === 'wait-over' && facts.fresh === false);
  const talking = timeline.find(({ what }) => what === 'stage:talking');
  const meanwhile = timeline.find(({ what }) => what === 'answered-meanwhile');
  const givenBack = timeline.find(({ what }) => what === 'given-back');
  const stopped = run.stop === 'none' ? NEVER : Math.max(call.arrivedAtMs, run.stoppedAtMs);
  const { plan, struck } = played;
  const legs = [...run.legs.files].flatMap(([legId, file]) =>
    file.request.forChannelId === channelId && isOwn(legId, file, call) ? [ownLeg(legId, file, played)] : [],
  );
  const connects = legs.flatMap(({ legId, file }) =>
    file.told.flatMap(({ kind, ...told }) => (kind === 'connected' ? [{ legId, ...told }] : [])),
  );
  const { leftAtMs = NEVER, goneOnAtMs = NEVER } = call.port;
  const openUntilMs = Math.min(leftAtMs, goneOnAtMs, call.endedAtMs ?? NEVER);
  // Of two things that come in the same instant the ending says which was first.
  const isAnswered = call.endings[0]?.outcome === 'answered';
  const won = connects.find(({ atMs }) => atMs < openUntilMs || (isAnswered && atMs === openUntilMs));
  const givesBackAtMs = givenBack === undefined ? NEVER : call.arrivedAtMs + givenBack.atMs;
  const isBusy = won !== undefined && won.atMs >= Math.min(givesBackAtMs, stopped);
  const patienceMs =
    plan.gaps.reduce((sum, { forMs }) => sum + forMs, 0) +
    struck.reduce((sum, { slowMs }) => sum + slowMs, 0) +
    10 * (plan.reachMs + plan.replyMs) +
    2 * plan.eventMs;
  return {
    call,
    ending: call.endings[0],
    endedAtMs: call.endedAtMs ?? NEVER,
    cutShort: call.endings.length === 0 && run.life.isOver,
    resumed: call.checkpoint !== '',
    legs,
    pushes: played.pushes.filter(({ callId }) => callId === call.callId),
    connects,
    won,
    hearsLateMs: isBusy ? patienceMs + LEAVING_MS : 0,
    talks: talksOf(played, call),
    notes: timeline.map(({ what }) => what),
    planned:
      planned === undefined
        ? undefined
        : {
            atMs: call.arrivedAtMs + planned.atMs,
            waitMs: waitLeftMs(Number(planned.facts.waitMs), call),
            ringMs: Number(planned.facts.ringMs),
          },
    rangFromMs: rangFromMs(legs, call.arrivedAtMs + (planned?.atMs ?? 0), plan.wallJumps.length > 0),
    waitedMs: waitOver === undefined ? undefined : Number(waitOver.facts.afterMs),
    decidedAtMs: Math.min(
      talking === undefined ? NEVER : call.arrivedAtMs + talking.atMs,
      givesBackAtMs,
      meanwhile === undefined ? NEVER : call.arrivedAtMs + meanwhile.atMs,
      call.port.givenBackAtMs ?? NEVER,
      call.port.leftAtMs ?? NEVER,
      call.endedAtMs ?? NEVER,
      run.life.overAtMs ?? NEVER,
      stopped,
    ),
    leftTalking: timeline.some(({ what }) => what === 'left-talking'),
    listenersLeft: getEventListeners(call.port.left, 'abort').length,
    failures: (...ports) => struck.filter(({ port, fails }) => fails !== undefined && ports.includes(port)).length,
    patienceMs,
  };
}

/** A caller that comes again, to this run or another one, makes another call, or goes on with this one. */
function talksOf({ calls, pbx }: Played, { channel, arrivedAtMs, legs }: PlayedCall): readonly Talk[] {
  const later = calls.filter((call) => call.channel === channel && call.arrivedAtMs > arrivedAtMs);
  const untilMs = Math.min(NEVER, ...later.map((call) => call.arrivedAtMs));
  return pbx.exchange.talks.all.filter(({ channelId, legId, wonAtMs }) => {
    const since = legs.some((found) => found.legId === legId) || wonAtMs >= arrivedAtMs;
    return channelId === channel.channelId && since && wonAtMs < untilMs;
  });
}

/** The wait that was left to a call; a clock on the wall may have made it anything up to the whole. */
function waitLeftMs(wholeMs: number, { checkpoint, plannedWallMs }: PlayedCall): number {
  const known = readCallCheckpoint(checkpoint);
  if (known === undefined || plannedWallMs === undefined) return wholeMs;
  return Math.min(wholeMs, Math.max(0, known.waitUntilMs - plannedWallMs));
}

/** Two runs have no clock in common but that on the wall. */
function rangFromMs(legs: readonly OwnLeg[], plannedAtMs: number, wallJumps: boolean): number {
  const found = legs.filter(({ file }) => file.isFound);
  if (wallJumps && found.length > 0) return Number.NEGATIVE_INFINITY;
  return Math.min(plannedAtMs, ...found.map(({ file }) => file.orderedAtMs));
}

/** A run that stops may be given the same caller again before it has come to its end. */
function isOwn(legId: string, file: LegFile, { run, channel, arrivedAtMs, legs }: PlayedCall): boolean {
  if (file.isFound) return legs.some((found) => found.legId === legId);
  const same = run.calls.filter((other) => other.channel === channel && other.arrivedAtMs <= file.orderedAtMs);
  return same.at(-1)?.arrivedAtMs === arrivedAtMs;
}

function ownLeg(legId: string, file: LegFile, played: Played): OwnLeg {
  const ended = file.told.find(({ kind }) => kind === 'ended');
  return {
    legId,
    file,
    channel: played.pbx.exchange.legs.get(legId),
    overAtMs: Math.min(ended?.atMs ?? NEVER, file.refusedAtMs ?? NEVER),
  };
}
