/** The truth about bridges: who stands in which, who talks to whom, and whether anybody has disturbed a conversation that both sides wanted. */
import type { CallerChannel } from './caller-channel.ts';
import type { Trace } from './orders.ts';

type Member = CallerChannel | string;

export class Bridges {
  readonly #members = new Map<string, Set<Member>>();
  readonly #names = new Map<string, string>();
  readonly #trace: Trace;
  /** Conversations that were cut though neither side had hung up, in words. */
  readonly disturbed: string[] = [];

  constructor(trace: Trace) {
    this.#trace = trace;
  }

  get ids(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** Ids of the channels in a bridge; undefined where there is no such bridge. */
  channelsIn(bridgeId: string): readonly string[] | undefined {
    const members = this.#members.get(bridgeId);
    return members && [...members].map((member) => (typeof member === 'string' ? member : member.channelId));
  }

  nameOf(bridgeId: string): string {
    return this.#names.get(bridgeId) ?? '';
  }

  /** One that is there already stays as it is. */
  open(bridgeId: string, name: string): void {
    if (name !== '') this.#names.set(bridgeId, name);
    if (!this.#members.has(bridgeId)) this.#members.set(bridgeId, new Set());
  }

  /** False where there is no such bridge. A channel stands in one bridge at a time. */
  put(bridgeId: string, ...newcomers: readonly Member[]): boolean {
    const members = this.#members.get(bridgeId);
    if (members === undefined) return false;
    for (const newcomer of newcomers) {
      if (members.has(newcomer)) continue;
      this.leave(newcomer);
      members.add(newcomer);
    }
    hear(members);
    return true;
  }

  close(bridgeId: string): void {
    const members = this.#members.get(bridgeId);
    if (members === undefined) return;
    if (talk(members)) this.#disturb(`${bridgeId} was closed`);
    this.#members.delete(bridgeId);
    for (const member of members) if (typeof member !== 'string') member.talk(false);
  }

  /** Somebody is gone, of its own will or not. */
  leave(member: Member): void {
    for (const members of this.#members.values()) {
      if (!members.delete(member)) continue;
      if (typeof member !== 'string') member.talk(false);
      hear(members);
    }
  }

  /** We are about to end this channel. */
  isPulled(member: Member): void {
    for (const members of this.#members.values()) {
      if (members.has(member) && talk(members))
        this.#disturb(`${typeof member === 'string' ? member : member.channelId} was hung up`);
    }
  }

  #disturb(what: string): void {
    this.#trace(`a conversation is disturbed: ${what}`);
    this.disturbed.push(what);
  }
}

function talk(members: ReadonlySet<Member>): boolean {
  const all = [...members];
  return all.some((member) => typeof member === 'string') && all.some((member) => typeof member !== 'string');
}

function hear(members: ReadonlySet<Member>): void {
  for (const member of members) if (typeof member !== 'string') member.talk(talk(members));
}
