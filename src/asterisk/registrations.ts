/**
 * Watches registrations. A new contact is announced by an event of its endpoint and is passed on without asking anything; a refreshed one is found by looking. Order matters: hear first, then
 * subscribe, then look, so that a phone that registers in between is never missed. Any channel of a watching call serves to ask through.
 */
import { PbxError } from '../call/errors.ts';
import type { Clock, Contact, Log, Registrations, Watch } from '../call/ports.ts';
import { canHaveContacts, lookForContacts } from './contacts.ts';
import { ask } from './question.ts';
import { Refreshes } from './refreshes.ts';
import { type AriRequests, isGone } from './requests.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { ContactNews, Switchboard } from './switchboard.ts';
import { ContactWatch } from './watch.ts';

export interface RegistrationsSettings {
  readonly requests: AriRequests;
  readonly board: Switchboard;
  readonly subscriptions: Subscriptions;
  readonly clock: Clock;
  readonly log: Log;
}

export class AriRegistrations implements Registrations {
  readonly #settings: RegistrationsSettings;
  readonly #watches = new Set<ContactWatch>();
  readonly #refreshes: Refreshes;

  constructor(settings: RegistrationsSettings) {
    this.#settings = settings;
    this.#refreshes = new Refreshes({
      clock: settings.clock,
      log: settings.log,
      watches: this.#watches,
      ask: (questions) => this.#ask(questions, undefined),
      look: (watches) => this.#look(watches),
    });
  }

  async watch(
    endpoints: readonly string[],
    known: readonly Contact[],
    throughChannelId: string,
    onContact: (contact: Contact) => void,
  ): Promise<Watch> {
    const able = [...new Set(endpoints)].filter(canHaveContacts);
    const watch = new ContactWatch(able, known, throughChannelId, onContact);
    const { board, subscriptions } = this.#settings;
    const deafen = able.map((endpoint) => board.watchContacts(endpoint, (news) => this.#onNews(watch, news)));
    this.#watches.add(watch);
    const close = async () => {
      if (!watch.open) return;
      watch.open = false;
      for (const stop of deafen) stop();
      this.#watches.delete(watch);
      if (this.#watches.size === 0) this.#refreshes.stop();
      await Promise.all(able.map((endpoint) => subscriptions.remove(endpoint)));
    };
    try {
      const results = await Promise.allSettled(able.map((endpoint) => subscriptions.add(endpoint)));
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      await this.#look([watch]);
    } catch (error) {
      await close();
      throw error;
    }
    if (watch.open && able.length > 0) this.#refreshes.start();
    return { lookAgain: () => this.#look([watch]), close };
  }

  /** After a reconnect: hear again, then look again, for what happened meanwhile. */
  async renew(): Promise<void> {
    await this.#settings.subscriptions.renew();
    if (this.#watches.size > 0) await this.#look([...this.#watches]);
  }

  close(): void {
    this.#refreshes.stop();
  }

  #onNews(watch: ContactWatch, { endpoint, uri, status }: ContactNews): void {
    if (status === 'Removed') watch.removed(endpoint, uri);
    if (status === 'Removed' || status === 'Unreachable' || !watch.announced(endpoint, uri)) return;
    this.#look([watch]).catch((error: unknown) =>
      this.#settings.log.debug('could not look at an announced contact', { endpoint, error: String(error) }),
    );
  }

  async #look(watches: readonly ContactWatch[]): Promise<void> {
    const endpoints = [...new Set(watches.flatMap((watch) => watch.endpoints))];
    const contacts = await lookForContacts(endpoints, (questions) =>
      this.#ask(questions, watches[0]?.throughChannelId),
    );
    for (const watch of watches) watch.found(contacts);
  }

  /** Asks through this channel, or where it is gone through that of another watching call. */
  async #ask(questions: readonly string[], preferred: string | undefined): Promise<string[]> {
    const channels = new Set([...this.#watches].map((watch) => watch.throughChannelId));
    const candidates = new Set(preferred === undefined ? channels : [preferred, ...channels]);
    for (const channelId of candidates) {
      try {
        return await ask(this.#settings.requests, channelId, questions);
      } catch (error) {
        if (!isGone(error)) throw error;
      }
    }
    throw new PbxError('no channel is left through which Asterisk could be asked about registrations');
  }
}
