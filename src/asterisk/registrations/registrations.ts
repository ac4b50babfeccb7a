/**
 * Watches registrations. A new contact is announced by an event of its endpoint and is passed on without asking anything; a refreshed one is found by
 * looking. Order matters: hear first, then subscribe, then look, so that a phone that registers in between is never missed. Any channel of a watching
 * call serves to ask through.
 */
import { PbxError, PbxLate } from '../../call/errors.ts';
import type { Clock, Contact, ContactListener, Log, Registrations, Watch } from '../../call/ports.ts';
import type { ContactNews, Dispatcher } from '../app/dispatcher.ts';
import { ask } from '../app/expressions.ts';
import type { Subscriptions } from '../app/subscriptions.ts';
import { type AriRequests, isGone } from '../ari/client.ts';
import { ContactWatch } from './contact-watch.ts';
import { canHaveContacts, lookForContacts } from './contacts.ts';
import { SharedLooks } from './look-batch.ts';
import { Refreshes } from './refresh-poll.ts';

export interface RegistrationsSettings {
  readonly requests: AriRequests;
  readonly dispatcher: Dispatcher;
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly log: Log;
}

export class AriRegistrations implements Registrations {
  private readonly settings: RegistrationsSettings;
  private readonly watches = new Set<ContactWatch>();
  private readonly refreshes: Refreshes;
  /** Endpoints whose contacts have a Path, as far as a look has told. */
  private readonly behindPath = new Set<string>();
  private readonly looks: SharedLooks;

  constructor(settings: RegistrationsSettings) {
    this.settings = settings;
    this.looks = new SharedLooks(settings.clock, (watches) => this.look(watches));
    this.refreshes = new Refreshes({
      clock: settings.clock,
      log: settings.log,
      watches: this.watches,
      ask: (questions) => this.ask(questions, undefined),
      look: (watches) => this.look(watches),
    });
  }

  async watch(
    endpoints: readonly string[],
    known: readonly Contact[],
    throughChannelId: string,
    listener: ContactListener,
  ): Promise<Watch> {
    const able = [...new Set(endpoints)].filter(canHaveContacts);
    const watch = new ContactWatch(able, known, throughChannelId, listener, this.behindPath);
    const { dispatcher, subscriptions } = this.settings;
    const deafen = able.map((endpoint) => dispatcher.watchContacts(endpoint, (news) => this.onNews(watch, news)));
    this.watches.add(watch);
    const close = async () => {
      if (!watch.open) return;
      watch.open = false;
      for (const stop of deafen) stop();
      this.watches.delete(watch);
      this.looks.drop(watch);
      if (this.watches.size === 0) this.refreshes.stop();
      await Promise.all(able.map((endpoint) => subscriptions.remove(endpoint)));
    };
    try {
      const results = await Promise.allSettled(able.map((endpoint) => subscriptions.add(endpoint)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      // Where Asterisk is late, the next look finds what this one would have.
      watch.isUnseen = true;
      await this.look([watch]).catch((error: unknown) => {
        if (!(error instanceof PbxLate)) throw error;
      });
    } catch (error) {
      await close();
      throw error;
    }
    if (watch.open && able.length > 0) this.refreshes.start();
    return {
      lookAgain: async () => (watch.open ? this.looks.take(watch) : undefined),
      lookNow: async () => (watch.open ? this.look([watch]) : undefined),
      close,
    };
  }

  /** After a reconnect, once events come again: looks again, for what happened meanwhile. */
  async renew(): Promise<void> {
    const watches = [...this.watches];
    if (watches.length === 0) return;
    // Where Asterisk is late, the next look finds what this one would have.
    for (const watch of watches) watch.isUnseen = true;
    await this.look(watches).catch((error: unknown) => {
      if (!(error instanceof PbxLate)) throw error;
    });
  }

  /** Another channel has taken a caller's place. */
  callerReplaced(replacedId: string, channelId: string): void {
    for (const watch of this.watches) if (watch.throughChannelId === replacedId) watch.throughChannelId = channelId;
  }

  close(): void {
    this.refreshes.stop();
  }

  private onNews(watch: ContactWatch, { endpoint, uri, status }: ContactNews): void {
    if (status === 'Removed') watch.removed(endpoint, uri);
    if (status === 'Removed' || status === 'Unreachable' || !watch.announced(endpoint, uri)) return;
    this.look([watch]).catch((error: unknown) =>
      this.settings.log.debug('could not look at an announced contact', { endpoint, error: String(error) }),
    );
  }

  private async look(watches: readonly ContactWatch[]): Promise<void> {
    const endpoints = [...new Set(watches.flatMap((watch) => watch.endpoints))];
    const began = watches.map((watch) => ({ watch, at: watch.lookBegins() }));
    const { contacts, behindPath } = await lookForContacts(endpoints, (questions) =>
      this.ask(questions, watches[0]?.throughChannelId),
    );
    for (const endpoint of endpoints) {
      if (behindPath.has(endpoint)) this.behindPath.add(endpoint);
      else this.behindPath.delete(endpoint);
    }
    const ofEndpoint = Map.groupBy(contacts, ({ endpoint }) => endpoint);
    for (const { watch, at } of began) {
      const found = watch.endpoints.flatMap((endpoint) => ofEndpoint.get(endpoint) ?? []);
      watch.found(found, at);
    }
  }

  /** Asks through this channel, or where it is gone through that of another watching call. */
  private async ask(questions: readonly string[], preferred: string | undefined): Promise<string[]> {
    const tried = new Set<string>();
    for (const channelId of this.channels(preferred)) {
      if (tried.has(channelId)) continue;
      tried.add(channelId);
      try {
        return await ask(this.settings.requests, channelId, questions, 'looks');
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
    throw new PbxError('no channel is left through which Asterisk could be asked about registrations');
  }

  private *channels(preferred: string | undefined): Generator<string> {
    if (preferred !== undefined) yield preferred;
    for (const { throughChannelId } of this.watches) yield throughChannelId;
  }
}
