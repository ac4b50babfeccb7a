/**
 * Orders on their way to Asterisk and their answers on the way back. Here the plan's troubles strike: an order may be slow, fail before it takes
 * effect, or take effect and lose its answer. It must never let an order take effect twice.
 */
import { PbxError } from '../../../src/call/errors.ts';
import type { VirtualClock } from '../fakes/clock.ts';
import type { PortName, TroublePlan, WorldPlan } from './world-plan.ts';

/** Takes down what happens. Returns how many things have happened. */
export type Trace = (what?: string) => number;

export class Orders {
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

  /** Sends an order; `act` is its taking effect. Rejects with what `act` throws, or with PbxError. */
  async send<T>(port: PortName, what: string, act: () => T): Promise<T> {
    const nth = (this.#counts.get(port) ?? 0) + 1;
    this.#counts.set(port, nth);
    const trouble = this.#plan.troubles.find((one) => one.port === port && one.nth === nth);
    this.#trace(`${port} #${nth} ${what}`);
    if (trouble !== undefined) this.struck.push(trouble);
    await this.pause(this.#plan.reachMs + (trouble?.slowMs ?? 0));
    if (trouble?.fails === 'before') throw this.#failure(port, nth);
    const result = act();
    await this.pause(this.#plan.replyMs);
    if (trouble?.fails === 'after') throw this.#failure(port, nth);
    return result;
  }

  async pause(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => this.#clock.later(ms, resolve));
  }

  #failure(port: PortName, nth: number): PbxError {
    this.#trace(`${port} #${nth} fails`);
    return new PbxError(`scripted: ${port} #${nth} fails`);
  }
}
