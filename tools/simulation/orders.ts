/**
 * Orders on their way to Asterisk and their answers on the way back. Here the plan's troubles strike: an order may be slow, fail before it takes
 * effect, or take effect and lose its answer. It must never let an order take effect twice, nor answer a router that is dead.
 */

import type { VirtualClock } from '../../lab/fakes/clock.ts';
import { PbxError } from '../../src/call/errors.ts';
import type { Life } from './life.ts';
import type { PortName, TroublePlan, WorldPlan } from './world-plan.ts';

/** Takes down what happens. Returns how many things have happened. */
export type Trace = (what?: string) => number;

/** Orders as one life of the router gives them. */
export interface Orders {
  /** Sends an order; `act` is its taking effect. Rejects with what `act` throws, or with PbxError. */
  send<T>(port: PortName, what: string, act: () => T): Promise<T>;
}

export class Wire {
  readonly #plan: WorldPlan;
  readonly #clock: VirtualClock;
  readonly #trace: Trace;
  readonly #counts = new Map<PortName, number>();
  /** What the world has done to ports, for the invariants to make allowance for. */
  readonly struck: TroublePlan[] = [];

  constructor(plan: WorldPlan, clock: VirtualClock, trace: Trace) {
    this.#plan = plan;
    this.#clock = clock;
    this.#trace = trace;
  }

  ordersOf(life: Life): Orders {
    return { send: (port, what, act) => this.#send(life, port, what, act) };
  }

  async #send<T>(life: Life, port: PortName, what: string, act: () => T): Promise<T> {
    const nth = (this.#counts.get(port) ?? 0) + 1;
    this.#counts.set(port, nth);
    const trouble = this.#plan.troubles.find((one) => one.port === port && one.nth === nth);
    this.#trace(`${port} #${nth} ${what}`);
    if (trouble !== undefined) this.struck.push(trouble);
    const order = life.begin();
    try {
      await this.#pause(this.#plan.reachMs + (trouble?.slowMs ?? 0));
      if (order.lost) await life.settle(order);
      if (trouble?.fails === 'before') throw this.#failure(port, nth);
      const result = act();
      if (life.isOver) this.#trace(`${port} #${nth} takes effect although nobody waits for it`);
      await this.#pause(this.#plan.replyMs);
      if (trouble?.fails === 'after') throw this.#failure(port, nth);
      return result;
    } finally {
      await life.settle(order);
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.#clock.later(ms, resolve));
  }

  #failure(port: PortName, nth: number): PbxError {
    this.#trace(`${port} #${nth} fails`);
    return new PbxError(`scripted: ${port} #${nth} fails`);
  }
}
