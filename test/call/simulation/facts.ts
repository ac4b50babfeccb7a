/** One call of a played world as the invariants look at it: its own legs, pushes and moments, taken out of what was seen. It judges nothing. */
import { getEventListeners } from 'node:events';
import type { Ending } from '../../../src/call/outcomes.ts';
import type { LegChannel } from './exchange.ts';
import type { LegFile } from './legs-port.ts';
import type { Played, PlayedCall } from './play.ts';
import type { SentPush } from './push-service.ts';
import type { PortName } from './world-plan.ts';

export interface OwnLeg {
  readonly legId: string;
  readonly file: LegFile;
  /** Undefined where Asterisk never had it. */
  readonly channel: LegChannel | undefined;
  /** When the router was told that it had ended, or that its order was refused. */
  readonly overAtMs: number;
}

export interface Facts {
  readonly call: PlayedCall;
  readonly ending: Ending | undefined;
  readonly endedAtMs: number;
  readonly legs: readonly OwnLeg[];
  readonly pushes: readonly SentPush[];
  readonly connects: Played['pbx']['bridges']['connects'];
  readonly notes: readonly string[];
  /** The plan as the call made it, with the moment in which it was made; undefined where it came to none. */
  readonly planned: { readonly atMs: number; readonly waitMs: number; readonly ringMs: number } | undefined;
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

const NEVER = Number.POSITIVE_INFINITY;

export function factsOf(played: Played, call: PlayedCall): Facts {
  const { channelId } = call.channel;
  const journalled = played.journal.calls.get(call.callId);
  const timeline = journalled?.timeline ?? [];
  const planned = timeline.find(({ what }) => what === 'planned');
  const waitOver = timeline.find(({ what, facts }) => what === 'wait-over' && facts.fresh === false);
  const connecting = timeline.find(({ what }) => what === 'stage:connecting');
  const connects = played.pbx.bridges.connects.filter((connect) => connect.channelId === channelId);
  const stopped = played.stop === 'none' ? NEVER : Math.max(call.arrivedAtMs, played.stoppedAtMs);
  const { plan, struck } = played;
  return {
    call,
    ending: call.endings[0],
    endedAtMs: call.endedAtMs ?? NEVER,
    legs: [...played.pbx.legs.files].flatMap(([legId, file]) =>
      file.request.forChannelId === channelId ? [ownLeg(legId, file, played)] : [],
    ),
    pushes: played.pushes.filter(({ callId }) => callId === call.callId),
    connects,
    notes: timeline.map(({ what }) => what),
    planned:
      planned === undefined
        ? undefined
        : {
            atMs: call.arrivedAtMs + planned.atMs,
            waitMs: Number(planned.facts.waitMs),
            ringMs: Number(planned.facts.ringMs),
          },
    waitedMs: waitOver === undefined ? undefined : Number(waitOver.facts.afterMs),
    decidedAtMs: Math.min(
      connecting === undefined ? NEVER : call.arrivedAtMs + connecting.atMs,
      call.port.givenBackAtMs ?? NEVER,
      call.port.leftAtMs ?? NEVER,
      call.endedAtMs ?? NEVER,
      stopped,
    ),
    leftTalking: timeline.some(({ what }) => what === 'left-talking'),
    listenersLeft: getEventListeners(call.port.left, 'abort').length,
    failures: (...ports) => struck.filter(({ port, fails }) => fails !== undefined && ports.includes(port)).length,
    patienceMs:
      plan.gaps.reduce((sum, { forMs }) => sum + forMs, 0) +
      struck.reduce((sum, { slowMs }) => sum + slowMs, 0) +
      10 * (plan.reachMs + plan.replyMs) +
      2 * plan.eventMs,
  };
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
