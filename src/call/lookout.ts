/**
 * The lookout of one call: watches the callee's registrations for as long as the call rings. Subscribe first, then look, then wait, is the adapter's
 * promise; that a watch which cannot be opened is tried again soon is this file's. What is seen goes into the call's inbox.
 */

import type { Call } from './call.ts';
import type { Contact, Watch } from './ports.ts';

/** How soon a watch that could not be opened is tried again, in ms: a registration in between would go unseen. */
const AGAIN_MS = 500;

export class Lookout {
  private readonly call: Call;
  private readonly endpoints: readonly string[];
  private readonly known: readonly Contact[];
  private watch: 'none' | 'opening' | Watch = 'none';
  private opened: Promise<Watch | undefined> = Promise.resolve(undefined);
  private closed = false;
  private lookedAtMs: number;

  /** @param known registrations as they were before; whatever differs from them is told */
  constructor(call: Call, endpoints: readonly string[], known: readonly Contact[]) {
    this.call = call;
    this.endpoints = [...new Set(endpoints)];
    this.known = known;
    this.lookedAtMs = call.ports.clock.nowMs();
  }

  /** Looks again now; for the first time, or where it failed before, begins to watch. Nothing of the story waits for this. */
  look(): void {
    this.lookedAtMs = this.call.ports.clock.nowMs();
    if (this.watch === 'none') this.open();
    else if (this.watch !== 'opening') this.call.beside('look again', this.watch.lookAgain());
  }

  /** Looks again where the last look is so long ago. Returns when the next one is due, as a monotonic reading. */
  lookEvery(intervalMs: number): number {
    const nowMs = this.call.ports.clock.nowMs();
    if (nowMs >= this.lookedAtMs + intervalMs) this.look();
    return this.lookedAtMs + intervalMs;
  }

  /** Watches no more. Also one that is still being opened is closed. */
  close(): void {
    this.closed = true;
    const closed = this.opened.then((watch) => watch?.close());
    this.opened = Promise.resolve(undefined);
    this.call.beside('close watch', closed);
  }

  private open(): void {
    const { call } = this;
    this.watch = 'opening';
    const opening = call.ports.registrations.watch(
      this.endpoints,
      this.known,
      call.caller.channelId,
      (contact) => call.inbox.post({ what: 'contact', contact }),
      (contact) => call.inbox.post({ what: 'contact-gone', contact }),
    );
    this.opened = opening.catch(() => undefined);
    // What a call asks of the PBX at first is asked by now.
    void this.opened.then(() => call.turn?.end());
    const settled = opening.then(
      (watch) => {
        this.watch = watch;
      },
      (fault: unknown) => {
        this.watch = 'none';
        call.beside('watch again', this.openAgain());
        throw fault;
      },
    );
    call.beside('watch registrations', settled);
  }

  private async openAgain(): Promise<void> {
    await this.call.ports.clock.sleep(AGAIN_MS, this.call.signal);
    if (!this.closed && this.watch === 'none') this.open();
  }
}
