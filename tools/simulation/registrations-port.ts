/**
 * Registrations as one router has them: announced contacts come by the event line, silent refreshes are found by short looks, and the adapter's own
 * ContactWatch says what is news. Answers of looks may be overtaken by later ones, and the same news may be told twice.
 */
import { ContactWatch } from '../../src/asterisk/registrations/contact-watch.ts';
import type { Contact, ContactListener, Registrations, Watch } from '../../src/call/ports.ts';
import type { Life } from './life.ts';
import type { Orders, Trace } from './orders.ts';
import type { HeldContact, Telephones } from './telephones.ts';

/** How often the adapter looks for silent refreshes. */
const STEP_MS = 300;

interface RegistrationsWorld {
  readonly phones: Telephones;
  readonly orders: Orders;
  readonly life: Life;
  readonly nowMs: () => number;
  readonly trace: Trace;
  readonly contactsAgainMs: number | undefined;
}

interface OpenWatch {
  readonly watch: ContactWatch;
  readonly openedAtMs: number;
}

export class RegistrationsPort implements Registrations {
  readonly #world: RegistrationsWorld;
  readonly #watches = new Set<OpenWatch>();

  constructor(world: RegistrationsWorld) {
    this.#world = world;
  }

  /** Watches that are open now. */
  get open(): number {
    return this.#watches.size;
  }

  async watch(
    endpoints: readonly string[],
    known: readonly Contact[],
    throughChannelId: string,
    listener: ContactListener,
  ): Promise<Watch> {
    const { orders, nowMs } = this.#world;
    const watch = new ContactWatch(endpoints, known, throughChannelId, {
      onContact: this.#telling(throughChannelId, (contact) => listener.onContact(contact)),
      onPhone: (contact) => listener.onPhone(contact),
      onGone: (contact) => {
        this.#world.trace(`${throughChannelId} told that contact ${contact.uri} is gone`);
        listener.onGone(contact);
      },
    });
    const opened = { watch, openedAtMs: nowMs() };
    this.#watches.add(opened);
    const shut = () => {
      watch.open = false;
      this.#watches.delete(opened);
    };
    try {
      await orders.send('watch.open', throughChannelId, () => {});
      await this.#look(watch);
    } catch (error) {
      shut();
      throw error;
    }
    return {
      lookAgain: () => this.#look(watch),
      lookNow: () => this.#look(watch),
      close: () => {
        shut();
        return orders.send('watch.close', throughChannelId, () => {});
      },
    };
  }

  /** An announcement has come in. */
  announced({ endpoint, uri }: HeldContact): void {
    for (const opened of this.#watches) {
      const { watch } = opened;
      if (!watch.endpoints.includes(endpoint)) continue;
      if (watch.announced(endpoint, uri)) this.#lookBeside(watch);
      else this.#atNextStep(opened, () => this.#readAnnounced(opened));
    }
  }

  removed({ endpoint, uri }: HeldContact): void {
    for (const { watch } of this.#watches) if (watch.endpoints.includes(endpoint)) watch.removed(endpoint, uri);
  }

  /** A contact's expiry has moved without a word: the next short look of each watch sees it. */
  refreshed(contact: HeldContact): void {
    const { phones } = this.#world;
    for (const opened of this.#watches) {
      this.#atNextStep(opened, () => opened.watch.read(contact.uri, phones.contacts.get(contact.uri)?.expiresAtSec));
    }
  }

  /** Looks, until somebody has read the expiry of what was announced: without it a refresh could not be seen. */
  #readAnnounced(opened: OpenWatch): void {
    if (!opened.watch.open || !opened.watch.hasUnread()) return;
    this.#lookBeside(opened.watch);
    this.#atNextStep(opened, () => this.#readAnnounced(opened));
  }

  #atNextStep({ openedAtMs }: OpenWatch, act: () => void): void {
    const { life, nowMs } = this.#world;
    life.later(STEP_MS - ((nowMs() - openedAtMs) % STEP_MS), act);
  }

  /** After a reconnect. */
  renew(): void {
    for (const { watch } of this.#watches) this.#lookBeside(watch);
  }

  #telling(channelId: string, onContact: (contact: Contact) => void): (contact: Contact) => void {
    const { contactsAgainMs, life, phones, trace } = this.#world;
    return (contact) => {
      trace(`${channelId} told of contact ${contact.uri} until ${contact.expiresAtSec ?? '?'}`);
      onContact(contact);
      if (contactsAgainMs === undefined) return;
      life.later(contactsAgainMs, () => {
        if (phones.contacts.has(contact.uri)) onContact(contact);
      });
    };
  }

  #lookBeside(watch: ContactWatch): void {
    this.#look(watch).catch((error: unknown) => this.#world.trace(`a look beside failed: ${String(error)}`));
  }

  async #look(watch: ContactWatch): Promise<void> {
    const { orders, phones } = this.#world;
    const began = watch.lookBegins();
    const found = await orders.send('watch.look', watch.throughChannelId, () =>
      [...phones.contacts.values()].map((contact) => ({ ...contact, contactId: contact.uri })),
    );
    watch.found(found, began);
  }
}
