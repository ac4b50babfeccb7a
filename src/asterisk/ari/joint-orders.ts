/**
 * Orders of which Asterisk takes several in one: the answer to each lists all that there are, so that one order for each of very many costs far more
 * than one for many. A few go out as they come; what is asked for while these are under way goes together, and does not wait long for that: their
 * answers may be late. It must never make one that Asterisk refuses spoil the others.
 */
import type { Clock } from '../../call/ports.ts';
import { fewAtOnce } from './few-at-once.ts';

/** Named in one order, so that its URL stays short. */
const TOGETHER = 30;
/** So many orders go out without waiting for others. */
const AT_ONCE = 4;
/** How long one waits for an answer to those, in ms. */
const LONGEST_MS = 100;

export class JointOrders<Answer> {
  private readonly clock: Pick<Clock, 'sleep'>;
  private readonly send: (names: readonly string[]) => Promise<Answer>;
  private readonly isRefusal: (error: unknown) => boolean;
  private readonly due = new Map<string, PromiseWithResolvers<Answer>>();
  private underWay = 0;
  /** Ends the wait of those that are due. */
  private late: AbortController | undefined;

  /**
   * @param send gives one order for all of these
   * @param isRefusal whether an error may be due to one of them alone
   */
  constructor(
    clock: Pick<Clock, 'sleep'>,
    send: (names: readonly string[]) => Promise<Answer>,
    isRefusal: (error: unknown) => boolean,
  ) {
    this.clock = clock;
    this.send = send;
    this.isRefusal = isRefusal;
  }

  /** Resolves with the answer to the order in which it was, and rejects as that does. A name must not be ordered again before it is answered. */
  order(name: string): Promise<Answer> {
    const one = Promise.withResolvers<Answer>();
    this.due.set(name, one);
    if (this.underWay < AT_ONCE) this.sendDue();
    else this.waitForAnswer();
    return one.promise;
  }

  /** To one of those that are under way, and not for long. */
  private waitForAnswer(): void {
    if (this.late !== undefined) return;
    const late = new AbortController();
    this.late = late;
    this.clock.sleep(LONGEST_MS, late.signal).then(
      () => this.sendDue(),
      () => undefined,
    );
  }

  private sendDue(): void {
    this.late?.abort();
    this.late = undefined;
    const due = [...this.due].slice(0, TOGETHER);
    if (due.length === 0) return;
    for (const [name] of due) this.due.delete(name);
    if (this.due.size > 0) this.waitForAnswer();
    this.underWay += 1;
    void this.orderAll(due).then(() => {
      this.underWay -= 1;
      if (this.due.size > 0) this.sendDue();
    });
  }

  /** Never rejects. */
  private async orderAll(due: readonly (readonly [string, PromiseWithResolvers<Answer>])[]): Promise<void> {
    try {
      const answer = await this.send(due.map(([name]) => name));
      for (const [, one] of due) one.resolve(answer);
    } catch (error) {
      if (due.length === 1 || !this.isRefusal(error)) {
        for (const [, one] of due) one.reject(error);
        return;
      }
      await fewAtOnce(due, ([name, one]) => this.send([name]).then(one.resolve, one.reject));
    }
  }
}
