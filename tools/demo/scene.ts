/**
 * One call of the demo: plays it, remembers what held and what did not, and tells it afterwards. A call that fails is told all the same, with what was
 * awaited in vain. It must never let one call's failure end the others.
 */
import type { Callee } from '../../lab/callee.ts';
import type { LabCall } from '../../lab/caller.ts';
import type { Lab } from '../../lab/lab.ts';
import type { DemoCall } from './calls.ts';
import type { Paper, Row } from './paper.ts';
import { askParties } from './parties.ts';

interface Check {
  readonly isSo: boolean;
  readonly statement: string;
  readonly seen: string;
}

export class Scene {
  readonly lab: Lab;
  readonly call: DemoCall;
  readonly checks: Check[] = [];
  /** Resolves when the call has been played and its parties have been asked. */
  readonly played: Promise<void>;
  readonly #settled = Promise.withResolvers<void>();
  #rows: readonly Row[] = [];
  #what: { readonly call: LabCall; readonly callee: Callee } | undefined;

  constructor(lab: Lab, call: DemoCall) {
    this.lab = lab;
    this.call = call;
    this.played = this.#settled.promise;
  }

  get failures(): number {
    return this.checks.filter(({ isSo }) => !isSo).length;
  }

  /** Never rejects. */
  async play(): Promise<void> {
    try {
      await this.call.play(this);
    } catch (error) {
      this.check('the call goes as scripted', false, error instanceof Error ? error.message : String(error));
      // Its script will not end it any more.
      await this.#what?.call.hangUp().catch(() => undefined);
    }
    if (this.#what !== undefined) {
      const { rows, faults } = await askParties({ lab: this.lab, ...this.#what });
      this.#rows = rows;
      for (const fault of faults) {
        this.check('every party tells what it saw', false, fault instanceof Error ? fault.message : String(fault));
      }
    }
    this.#settled.resolve();
  }

  /** Says which call and which callee it is about. */
  isAbout(call: LabCall, callee: Callee): void {
    this.#what = { call, callee };
  }

  /** @param seen what was the case, for the reader */
  check(statement: string, isSo: boolean, seen: unknown = ''): void {
    this.checks.push({ statement, isSo, seen: String(seen) });
  }

  tell(paper: Paper): void {
    paper.heading(`(${this.call.letter}) ${this.call.title}`);
    paper.line(this.call.story);
    if (this.#rows.length > 0) paper.timeline(this.#rows);
    for (const { isSo, statement, seen } of this.checks) paper.check(isSo, statement, seen);
  }
}
