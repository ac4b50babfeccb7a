/**
 * The dialplan's context for legs. A leg that is answered goes there, and from there to us: in a moment in which no router is connected the context keeps the callee and tries again,
 * whereas Asterisk hangs up a leg that was ordered straight into our application. An older copy of dialplan/xivo-mapp.conf has no such context, and Asterisk drops
 * what is sent to one that is not there: so no leg may be sent to it before Asterisk has said that it exists.
 */
import type { Log } from '../call/ports.ts';

export const LEG_CONTEXT = 'xivo-mapp-leg';
/** To be asked through any channel; the answer is for learn(). */
export const LEG_CONTEXT_QUESTION = `\${DIALPLAN_EXISTS(${LEG_CONTEXT},s,1)}`;

export class LegContext {
  readonly #log: Log;
  #exists: boolean | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Whether legs may be sent there, as of the last time that Asterisk was asked. */
  get exists(): boolean {
    return this.#exists === true;
  }

  /** Asterisk's answer, which a `dialplan reload` may change at any time. What is missing is said once. */
  learn(answer: string): void {
    const exists = answer === '1';
    if (!exists && this.#exists !== false) {
      this.#log.warn(
        `the dialplan has no context ${LEG_CONTEXT}: who answers in the seconds in which the router restarts is cut off; copy dialplan/xivo-mapp.conf to Asterisk again, then "dialplan reload"`,
      );
    }
    this.#exists = exists;
  }
}
