/**
 * What a call keeps on its caller's channel for another router to go on from: written anew whenever it changes, one writing after another, so that the latest stands. The
 * story never waits for it, and goes on without it.
 */

import type { Call } from './call.ts';
import { markOf } from './marks.ts';
import { CALL_MEMORY, type CallMemory, writeCallMemory } from './memory.ts';
import type { Device } from './ports.ts';

export class Keepsake {
  private readonly call: Call;
  private memory: CallMemory;
  private writing: Promise<void> = Promise.resolve();
  private state: 'written' | 'writing' | 'out-of-date' = 'written';

  constructor(call: Call) {
    const { callId, userId, resumed } = call;
    this.call = call;
    this.memory = resumed?.memory ?? { callId, userId, waitUntilMs: call.ports.clock.wallMs(), pushed: [] };
  }

  /** Of whom the pushes might have reached, for where it cannot be written anew. */
  textWith(devices: readonly Device[]): string {
    const pushed = new Set([...this.memory.pushed, ...devices.map(({ deviceId }) => markOf(deviceId))]);
    return writeCallMemory({ ...this.memory, pushed: [...pushed] });
  }

  keep(news: Pick<Partial<CallMemory>, 'waitUntilMs' | 'pushed' | 'ending'>): void {
    this.memory = { ...this.memory, ...news };
    if (this.state === 'written') this.start();
    else this.state = 'out-of-date';
  }

  /** Resolves once all that was to be kept is written, or cannot be. Never rejects. */
  async written(): Promise<void> {
    while (this.state !== 'written') await this.writing.catch(() => undefined);
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
