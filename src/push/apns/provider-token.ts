/**
 * The token by which we show APNs who we are, signed with our clock. node-apn signs it once and goes by our clock for when to sign the next: a clock
 * that was ahead, and was set right, would leave one that APNs refuses for as long. It must never be signed anew more often than APNs bears, which is
 * once in 20 minutes, unless our clock has been set.
 */
import type { Clock } from '../../call/ports.ts';

/** What node-apn makes of a signing key. */
export interface SignedToken {
  /** How often it has been signed anew. */
  readonly generation: number;
  readonly current: string;
  /** By the wall clock. @param validSec how old it may be */
  isExpired(validSec: number): boolean;
  /** Signs anew, where nobody has done so since that generation. */
  regenerate(generation: number): void;
}

/** Sooner than this after the last, in ms, APNs takes no other. */
const soonestMs = 20 * 60_000;
/** The wall clock has been set where it has gone otherwise than time by so much, in ms. */
const jumpMs = 1_000;

/** Stands in the place of the library's own token, which it asks to sign. */
export class ApnsSignature implements SignedToken {
  private readonly signed: SignedToken;
  private readonly clock: Clock;
  private signedAt: { readonly nowMs: number; readonly wallMs: number };

  /** @param signed just now, by the library */
  constructor(signed: SignedToken, clock: Clock) {
    this.signed = signed;
    this.clock = clock;
    this.signedAt = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
  }

  get generation(): number {
    return this.signed.generation;
  }

  get current(): string {
    return this.signed.current;
  }

  isExpired(validSec: number): boolean {
    return this.signed.isExpired(validSec) || this.ageMs >= validSec * 1000;
  }

  /** Signs anew where that is due, or the clock has been set since. */
  regenerate(generation: number): void {
    if (generation !== this.generation || !(this.ageMs >= soonestMs || this.clockWasSet)) return;
    this.signed.regenerate(generation);
    this.signedAt = { nowMs: this.clock.nowMs(), wallMs: this.clock.wallMs() };
  }

  private get ageMs(): number {
    return this.clock.nowMs() - this.signedAt.nowMs;
  }

  private get clockWasSet(): boolean {
    const { nowMs, wallMs } = this.signedAt;
    return Math.abs(this.clock.wallMs() - wallMs - (this.clock.nowMs() - nowMs)) >= jumpMs;
  }
}
