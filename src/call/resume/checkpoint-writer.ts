/**
 * What a call keeps on its caller's channel for another router to go on from: written anew whenever it changes, one writing after another, so that
 * the latest stands. The story never waits for it, and goes on without it.
 */

import type { Call } from '../call.ts';
import type { AnsweredOn } from '../outcomes.ts';
import type { Device } from '../ports.ts';
import { CLEARING_MS, insist, NEVER } from '../retry.ts';
import { CALL_MEMORY, type CallMemory, writeCallMemory } from './checkpoint.ts';
import { markOf } from './marks.ts';

export class Keepsake {
  private readonly call: Call;
  private memory: CallMemory;
  private writing: Promise<void> = Promise.resolve();
  /** What stands in the note; undefined where there is none. */
  private noted: string | undefined;
  private noting: Promise<void> = Promise.resolve();
  private state: 'unwritten' | 'written' | 'writing' | 'out-of-date' = 'unwritten';

  constructor(call: Call) {
    const { callId, userId, resumed } = call;
    this.call = call;
    this.memory = resumed?.memory ?? { callId, userId, waitUntilMs: call.ports.clock.wallMs(), pushed: [] };
  }

  /** Leaves a note of whom the pushes might reach, which is still there when the caller's channel is gone. It is not written anew. */
  leaveNote(devices: readonly Device[]): void {
    const { callId, caller, ports, undo } = this.call;
    const pushed = new Set([...this.memory.pushed, ...devices.map(({ deviceId }) => markOf(deviceId))]);
    this.noted = writeCallMemory({ ...this.memory, pushed: [...pushed] });
    const kept = ports.notes.keep(callId, caller.channelId, this.noted);
    this.noting = kept;
    // One that is still being written is removed once it is there.
    undo.add('note', async () => {
      await this.noting.catch(() => undefined);
      await insist(ports.clock, NEVER, () => ports.notes.remove(callId), CLEARING_MS);
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

  keep(news: Pick<Partial<CallMemory>, 'waitUntilMs' | 'pushed' | 'ending'>): void {
    const before = writeCallMemory(this.memory);
    this.memory = { ...this.memory, ...news };
    // What an earlier run of the router has left stands already.
    if (this.call.resumed !== undefined && writeCallMemory(this.memory) === before) return;
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
    this.call.beside('memory', this.writing);
  }

  private async write(): Promise<void> {
    this.state = 'writing';
    try {
      await this.call.caller.write({ [CALL_MEMORY]: writeCallMemory(this.memory) });
    } finally {
      if (this.isOutOfDate()) this.start();
      else this.state = 'written';
    }
  }

  private isOutOfDate(): boolean {
    return this.state === 'out-of-date';
  }
}
