/**
 * What is told of registrations, held back until it is known what it means: of an endpoint that is being called already, which of its phones it is that
 * registers, or whether one that has left comes back. What is told of one endpoint keeps its order, but for that: whoever takes another's place is
 * told of before that one's end. It must never hold anything back without an end of its own.
 */

import type { Happening } from '../call.ts';
import type { Clock, Contact, ContactAddress } from '../ports.ts';
import { isSameAddress } from './contact-address.ts';
import type { Moments } from './moments.ts';
import type { Phones } from './phones.ts';

/** About somebody's registration. */
export type RegistrationNews = Extract<Happening, { readonly what: 'contact' | 'contact-gone' }>;

interface Held {
  readonly news: RegistrationNews;
  readonly untilMs: number;
}

/** Most calls never hold anything back, and thousands may wait: as long as it is empty it takes no memory. */
const NONE: readonly never[] = [];
const DUE = Number.NEGATIVE_INFINITY;

export class HeldBack {
  private readonly clock: Clock;
  private readonly phones: Phones;
  private readonly post: (news: Happening) => void;
  /** In the order in which it was told. */
  private held: readonly Held[] = NONE;

  constructor(clock: Clock, phones: Phones, post: (news: Happening) => void) {
    this.clock = clock;
    this.phones = phones;
    this.post = post;
  }

  get isEmpty(): boolean {
    return this.held.length === 0;
  }

  /** Tells it, after what is told of its endpoint before. @param mayWaitMs how long it may be held back */
  tell(news: RegistrationNews, mayWaitMs = 0): void {
    const gone = news.what === 'contact' ? this.takeOutGone(news.contact) : NONE;
    const isBack = gone.some(({ contact }) => isSameAddress(contact, news.contact));
    const [before, after] = isBack ? [gone, NONE] : [NONE, gone];
    for (const each of before) this.add(each, 0);
    this.add(news, mayWaitMs);
    for (const each of after) this.add(each, 0);
  }

  /** It is known now which phone it is, or that nobody can tell. */
  identified(contact: ContactAddress): void {
    const isIt = ({ news }: Held) => news.what === 'contact' && isSameAddress(news.contact, contact);
    this.held = this.held.map((held) => (isIt(held) ? { ...held, untilMs: DUE } : held));
    this.passOn(contact.endpoint);
  }

  /** Passes on what has been held back long enough. */
  passOnDue(moments: Moments): void {
    for (const { news, untilMs } of this.heads()) if (moments.isOver(untilMs)) this.passOn(news.contact.endpoint);
  }

  private add(news: RegistrationNews, mayWaitMs: number): void {
    if (mayWaitMs === 0 && !this.held.some((held) => held.news.contact.endpoint === news.contact.endpoint)) {
      this.post(news);
      return;
    }
    this.held = [...this.held, { news, untilMs: mayWaitMs === 0 ? DUE : this.clock.nowMs() + mayWaitMs }];
    // The call is to know until when it may sleep.
    this.post({ what: 'held-back' });
  }

  /** Those of its endpoint that may have come back with this one. */
  private takeOutGone({ endpoint }: Contact): readonly RegistrationNews[] {
    const waits = ({ news, untilMs }: Held) =>
      news.what === 'contact-gone' && news.contact.endpoint === endpoint && untilMs !== DUE;
    const gone = this.held.filter(waits).map(({ news }) => news);
    this.held = this.held.filter((held) => !waits(held));
    return gone;
  }

  /** Of each endpoint what the others wait behind. */
  private heads(): readonly Held[] {
    const endpoints = this.held.map(({ news }) => news.contact.endpoint);
    return this.held.filter((_, index) => endpoints.indexOf(endpoints[index] ?? '') === index);
  }

  /** What is due of this endpoint, and what has waited behind it. */
  private passOn(endpoint: string): void {
    const nowMs = this.clock.nowMs();
    const ofEndpoint = this.held.filter(({ news }) => news.contact.endpoint === endpoint);
    const stops = ofEndpoint.findIndex(({ news, untilMs }) => untilMs > nowMs && !this.isLost(news));
    const passed = stops < 0 ? ofEndpoint : ofEndpoint.slice(0, stops);
    this.held = this.held.filter((held) => !passed.includes(held));
    for (const { news } of passed) this.post(news);
  }

  /** A registration that was gone before anybody could look at it. */
  private isLost({ what, contact }: RegistrationNews): boolean {
    return what === 'contact' && this.phones.isLost(contact);
  }
}
