/**
 * What a call has to do with other runs of the router: what an earlier one has left of it, and what it leaves to the next. Its story is told the same
 * way whether there is another run or not, and asks here. It must never hold a rule of the story.
 */

import type { Call } from '../call.ts';
import type { TurnAway } from '../learn.ts';
import type { Plan } from '../plan.ts';
import type { Ringing } from '../ringing/ringing.ts';
import type { Wake } from '../ringing/wake.ts';
import { waitEndsAtMs, waitLeftMs } from './checkpoint.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { guardFound } from './guard-found.ts';
import type { Turn } from './turns.ts';

export class Resume {
  private readonly call: Call;
  private readonly checkpoint: CheckpointWriter;
  private readonly allIsTakenOver: () => void;

  /** Notes how the call has come. @param turn when one goes on that an earlier run has begun */
  constructor(call: Call, turn: Turn | undefined) {
    this.call = call;
    const facts = { user: call.userId, channel: call.caller.channelId };
    if (call.resumed === undefined) call.note('arrived', facts);
    else call.note('resumed', { ...facts, waitLeftMs: this.waitLeftMs(Number.POSITIVE_INFINITY) });
    this.checkpoint = new CheckpointWriter(call);
    call.checkpoint = this.checkpoint;
    call.turn = turn;
    this.allIsTakenOver = guardFound(call);
  }

  /** How the call has ended in an earlier run, which may have died while it gave the caller back. Resolves when it is the call's turn. */
  async ending(): Promise<TurnAway | undefined> {
    const { turn, resumed } = this.call;
    await turn?.comes;
    const ending = resumed?.checkpoint.ending;
    return ending && { kind: 'over', ending };
  }

  /** Keeps whose push needs not be sent again. */
  keepPushed(pushed: readonly string[]): void {
    this.checkpoint.keep({ pushed });
  }

  /** The planned wait, in ms; less where an earlier run has begun it. */
  waitLeftMs(plannedMs: number): number {
    return waitLeftMs(plannedMs, this.call.resumed?.checkpoint, this.call.ports.clock.wallMs());
  }

  /** From now on whatever an earlier run has left is this call's own, and what the next run must know of it is kept. */
  takeOver({ waitMs, devices }: Plan, ringing: Ringing): void {
    const { resumed, ports } = this.call;
    this.checkpoint.keep({ waitUntilMs: waitEndsAtMs(waitMs, resumed?.checkpoint, ports.clock.wallMs()) });
    this.checkpoint.leaveNote(devices);
    ringing.adopt(resumed?.legs ?? []);
    this.allIsTakenOver();
  }

  /** The router stops: what is taken by a push service and written by then, the next run need not push again. */
  async leaveToNext(wake: Wake): Promise<void> {
    await wake.leaveToNext();
    await this.checkpoint.written();
  }
}
