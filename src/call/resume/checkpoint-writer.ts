/**
 * What a call keeps on its caller's channel for another router to go on from: written anew whenever it changes, one writing after another, so that
 * the latest stands. The story never waits for it, and goes on without it.
 */

import type { Call } from '../call.ts';
import type { AnsweredOn } from '../outcomes.ts';
import type { Device } from '../ports.ts';
import { CLEARING_MS, NEVER, retry } from '../retry.ts';
import { CALL_CHECKPOINT, type CallCheckpoint, writeCallCheckpoint } from './checkpoint.ts';
import { markOf } from './marks.ts';

export class CheckpointWriter {
  private readonly call: Call;
  private checkpoint: CallCheckpoint;
  private writing: Promise<void> = Promise.resolve();
  /** What stands in the note; undefined where there is none. */
  private noted: string | undefined;
  private noting: Promise<void> = Promise.resolve();
  private state: 'unwritten' | 'written' | 'writing' | 'out-of-date' = 'unwritten';

  constructor(call: Call) {
    const { callId, userId, resumed } = call;
    this.call = call;
    this.checkpoint = resumed?.checkpoint ?? { callId, userId, waitUntilMs: call.ports.clock.wallMs(), pushed: [] };
  }

  /** Leaves a note of whom the pushes might reach, which is still there when the caller's channel is gone. It is not written anew. */
  leaveNote(devices: readonly Device[]): void {
    const { callId, caller, ports, undo } = this.call;
    const pushed = new Set([...this.checkpoint.pushed, ...devices.map(({ deviceId }) => markOf(deviceId))]);
    this.noted = writeCallCheckpoint({ ...this.checkpoint, pushed: [...pushed] });
    const kept = ports.notes.keep(callId, caller.channelId, this.noted);
    this.noting = kept;
    // One that is still being written is removed once it is there.
    undo.add('note', async () => {
      await this.noting.catch(() => undefined);
      await retry(ports.clock, NEVER, () => ports.notes.remove(callId), CLEARING_MS);
    });
    this.call.beside('note', kept);
  }

  /** The call is answered: a router that comes only when the talk is over, and the channel gone, knows it by the note. */
  noteAnswer(on: AnsweredOn): void {
    const { callId, caller, ports } = this.call;
    const { noted } = this;
    if (noted === undefined) return;
    this.noting = this.noting
      .catch(() => undefined)
      .then(() => ports.notes.answered(callId, caller.channelId, noted, on));
    this.call.beside('note', this.noting);
  }

  keep(news: Pick<Partial<CallCheckpoint>, 'waitUntilMs' | 'pushed' | 'ending'>): void {
    const before = writeCallCheckpoint(this.checkpoint);
    this.checkpoint = { ...this.checkpoint, ...news };
    // What an earlier run of the router has left stands already.
    if (this.call.resumed !== undefined && writeCallCheckpoint(this.checkpoint) === before) return;
    this.writeLatest();
  }

  /** Another channel has taken the caller's place: what was written in that very moment may stand on the one that has left. */
  writeAnew(): void {
    if (this.state !== 'unwritten') this.writeLatest();
  }

  /** Resolves once all that was to be kept is written, or cannot be. Never rejects. */
  async written(): Promise<void> {
    while (this.state === 'writing' || this.state === 'out-of-date') await this.writing.catch(() => undefined);
  }

  private writeLatest(): void {
    if (this.state === 'writing') this.state = 'out-of-date';
    else if (this.state !== 'out-of-date') this.start();
  }

  private start(): void {
    this.writing = this.write();
    this.call.beside('checkpoint', this.writing);
  }

  private async write(): Promise<void> {
    this.state = 'writing';
    try {
      await this.call.caller.write({ [CALL_CHECKPOINT]: writeCallCheckpoint(this.checkpoint) });
    } finally {
      if (this.isOutOfDate()) this.start();
      else this.state = 'written';
    }
  }

  private isOutOfDate(): boolean {
    return this.state === 'out-of-date';
  }
}
