/**
 * An ARI whose answers to what a test names come late: Asterisk obeys at once, and the router hears of it only when the test lets it. Events and all other answers pass.
 *
 *     const word = await LateWord.before(lab);             // starts the router
 *     const late = word.hold(/\/addChannel/);              // a request line without its version
 *     late.release();
 */
import type { Lab } from '../lab.ts';
import { AriFront } from './ari-front.ts';

interface Rule {
  readonly which: RegExp;
  readonly released: PromiseWithResolvers<void>;
}

export class LateWord {
  readonly #front: AriFront;
  readonly #rules: Set<Rule>;

  private constructor(front: AriFront, rules: Set<Rule>) {
    this.#front = front;
    this.#rules = rules;
  }

  /** Prompt until hold(). Starts the lab's router, which must not run yet. */
  static async before(lab: Lab): Promise<LateWord> {
    const rules = new Set<Rule>();
    const front = await AriFront.before(
      lab,
      async () => undefined,
      async (line) => {
        await Promise.all([...rules].filter(({ which }) => which.test(line)).map(({ released }) => released.promise));
      },
    );
    await lab.router.start();
    return new LateWord(front, rules);
  }

  /** From now on such answers wait until release(), after which none does. */
  hold(which: RegExp): { release(): void } {
    const rule = { which, released: Promise.withResolvers<void>() };
    this.#rules.add(rule);
    return {
      release: () => {
        this.#rules.delete(rule);
        rule.released.resolve();
      },
    };
  }

  stop(): Promise<void> {
    return this.#front.stop();
  }
}
