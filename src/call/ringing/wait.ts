/**
 * The wait of a call: until the first mobile has registered anew, until none may come any more, or until the loops are over. It is the same whether
 * the router rings by itself or a dialplan does. It must never ring anybody.
 */

import type { Call } from '../call.ts';
import type { Moments } from './moments.ts';
import type { Ringing } from './ringing.ts';
import type { Wake } from './wake.ts';

/** Who rings meanwhile. */
type Legs = Pick<Ringing, 'alive' | 'mobilesRefusing'>;

export class Wait {
  private readonly call: Call;
  private readonly wake: Wake;
  private readonly legs: Legs;
  private readonly moments: Moments;
  private readonly startedMs: number;
  /** When the loops are over, as a monotonic reading. */
  readonly untilMs: number;
  /** A mobile has registered anew. */
  mobileIsFresh = false;
  /** The person has declined: no mobile shall ring any more. */
  refused = false;

  /** @param waitMs the wait that is left: the plan's, or less for a call that an earlier run of the router began */
  constructor(call: Call, waitMs: number, wake: Wake, legs: Legs, moments: Moments) {
    this.call = call;
    this.wake = wake;
    this.legs = legs;
    this.moments = moments;
    this.startedMs = moments.in(0);
    this.untilMs = moments.in(waitMs);
  }

  /** Until the first fresh mobile, or until none may come. */
  get isOn(): boolean {
    return !this.mobileIsFresh && this.mobileMayCome;
  }

  /** A mobile that has been pushed may still register; or, where no push reaches any, one that is being dialled may show that it lives. */
  get mobileMayCome(): boolean {
    const { wake, legs } = this;
    const mayCome = wake.everyTokenDead
      ? legs.alive('mobile').some((leg) => leg.state === 'dialling')
      : legs.mobilesRefusing < wake.devices.length;
    return mayCome && !this.refused && !this.moments.isOver(this.untilMs);
  }

  /** The loops are over, and no mobile has registered anew. */
  get wasInVain(): boolean {
    return this.wake.devices.length > 0 && !this.mobileIsFresh && this.moments.isOver(this.untilMs);
  }

  /** It was over when it began: it ended while no router was there. */
  get wasOverBefore(): boolean {
    return this.untilMs <= this.startedMs;
  }

  /** Notes that it is over. */
  noteEnd(): void {
    const afterMs = Math.round(this.moments.since(this.startedMs));
    this.call.note('wait-over', { afterMs, fresh: this.mobileIsFresh });
  }
}
