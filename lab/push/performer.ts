/**
 * Plays an answer that a test has set, over whatever protocol the server speaks. Slow answers wait here; none must outlive the server.
 */
import type { Flood, ServiceAnswer } from './answers.ts';

/** What one protocol can do with one request. */
export interface Reply {
  accept(): void;
  refuse(answer: ServiceAnswer & { readonly kind: 'refuse' }): void;
  garbage(answer: ServiceAnswer & { readonly kind: 'garbage' }): void;
  /** Sends one more piece of it. False: nobody is there any more. */
  pour(what: Flood): boolean;
  /** Writes the beginning of an answer, then calls. */
  begin(then: () => void): void;
  /** Breaks the connection off. */
  breakOff(): void;
  /** Gives up this request alone, or says that no more will be answered; where the protocol can say so. */
  giveUp?(answer: ServiceAnswer & { readonly kind: 'reset' | 'goaway' }): void;
}

/** A flood comes in pieces, one after so many ms. */
const floodMs = 5;

export class Performer {
  private readonly timers = new Set<NodeJS.Timeout>();

  play(answer: ServiceAnswer, reply: Reply): void {
    switch (answer.kind) {
      case 'accept':
        reply.accept();
        break;
      case 'refuse':
        reply.refuse(answer);
        break;
      case 'garbage':
        reply.garbage(answer);
        break;
      case 'hang':
        break;
      case 'flood': {
        const timer = setInterval(() => {
          if (reply.pour(answer.of)) return;
          clearInterval(timer);
          this.timers.delete(timer);
        }, floodMs);
        this.timers.add(timer);
        break;
      }
      case 'stall':
        reply.begin(() => undefined);
        break;
      case 'drop':
        reply.breakOff();
        break;
      case 'tear':
        reply.begin(() => reply.breakOff());
        break;
      case 'reset':
      case 'goaway':
        if (reply.giveUp === undefined) reply.breakOff();
        else reply.giveUp(answer);
        break;
      case 'slow': {
        const timer = setTimeout(() => {
          this.timers.delete(timer);
          this.play(answer.then, reply);
        }, answer.ms);
        this.timers.add(timer);
        break;
      }
    }
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
  }
}

/** What a received push came to, in a word. @param wrong what is wrong with it, where it is refused for itself */
export function outcomeOf(answer: ServiceAnswer, wrong?: string): string {
  if (answer.kind === 'accept') return 'accepted';
  if (answer.kind === 'slow') return outcomeOf(answer.then, wrong);
  if (answer.kind === 'refuse') return `${answer.status} ${answer.reason}${wrong === undefined ? '' : `: ${wrong}`}`;
  return answer.kind;
}
