/**
 * The wire trace of one phone: each SIP message that it sent or got, with its time. It is what a failed wait shows, so it
 * must never be switched off; it is bounded, so that a phone under load does not fill the memory.
 */
import type { UdpAddress } from './sip-address.ts';

export interface TraceEntry {
  readonly atMs: number;
  /** `out` sent, `in` received, `ignored` received while asleep or vanished. */
  readonly direction: 'out' | 'in' | 'ignored';
  readonly peer: UdpAddress;
  readonly firstLine: string;
  readonly text: string;
}

const ARROWS = { out: '-->', in: '<--', ignored: '<-x' } as const;

export class Trace {
  readonly #owner: string;
  readonly #limit: number;
  readonly #entries: TraceEntry[] = [];
  readonly #listeners = new Set<(entry: TraceEntry) => void>();

  constructor(owner: string, limit = 1000) {
    this.#owner = owner;
    this.#limit = limit;
  }

  add(entry: TraceEntry): void {
    this.#entries.push(entry);
    for (const listener of [...this.#listeners]) listener(entry);
    if (this.#entries.length > this.#limit * 1.2) this.#entries.splice(0, this.#entries.length - this.#limit);
  }

  /** Calls `listener` at each message from now on; the returned function ends it. */
  on(listener: (entry: TraceEntry) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get entries(): readonly TraceEntry[] {
    return this.#entries;
  }

  /** The last messages, one per line, with milliseconds. */
  tail(lines = 15): string {
    return this.#entries
      .slice(-lines)
      .map(
        (one) =>
          `${one.atMs.toFixed(1).padStart(10)} ms  ${this.#owner} ${ARROWS[one.direction]} ${one.peer.host}:${one.peer.port}  ${one.firstLine}`,
      )
      .join('\n');
  }

  /** The full text of all messages that were kept. */
  fullText(): string {
    return this.#entries
      .map((one) => `${one.atMs.toFixed(1)} ms ${ARROWS[one.direction]} ${one.peer.host}:${one.peer.port}\n${one.text}`)
      .join('\n');
  }
}
