/**
 * Notices the registrations that Asterisk renews without a word: a phone that wakes and refreshes the contact it had raises no event, but the contact's
 * expiry moves. One loop for all watches, many contacts in one request, one request at a time, and nothing at all while nobody
 * waits, so that a thousand waiting calls do not flood Asterisk.
 */
import type { Clock, Log } from '../../call/ports.ts';
import type { ContactWatch } from './contact-watch.ts';
import { expiryQuestion, readSeconds } from './contacts.ts';

const STEP_MS = 300;
/** The pause is so many times as long as the look took: where Asterisk is late, looks are few. */
const TIMES_THE_LOOK = 5;
/** A phone that refreshes is not to be found later than so, however long the last look took, in ms. */
const LONGEST_MS = 2_000;
/** As many as fit into one request. */
const TOGETHER = 40;

export interface RefreshesSettings {
  readonly clock: Clock;
  readonly log: Log;
  readonly watches: ReadonlySet<ContactWatch>;
  readonly ask: (questions: readonly string[]) => Promise<string[]>;
  /** A whole look at what these watches watch. */
  readonly look: (watches: readonly ContactWatch[]) => Promise<void>;
}

export class Refreshes {
  private readonly settings: RefreshesSettings;
  private loop: AbortController | undefined;

  constructor(settings: RefreshesSettings) {
    this.settings = settings;
  }

  /** Looks from now on, until stop(). */
  start(): void {
    if (this.loop !== undefined) return;
    const loop = new AbortController();
    this.loop = loop;
    void this.run(loop.signal);
  }

  stop(): void {
    this.loop?.abort();
    this.loop = undefined;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.settings;
    let tookMs = 0;
    while (!signal.aborted) {
      await clock
        .sleep(Math.min(LONGEST_MS, Math.max(STEP_MS, TIMES_THE_LOOK * tookMs)), signal)
        .catch(() => undefined);
      if (signal.aborted) return;
      const beganMs = clock.nowMs();
      await this.look(signal).catch((error: unknown) =>
        log.debug('could not look for refreshed registrations', { error: String(error) }),
      );
      tookMs = clock.nowMs() - beganMs;
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    const { watches, ask, look } = this.settings;
    const unread = [...watches].filter((watch) => watch.hasUnread());
    if (unread.length > 0) await look(unread);
    const watchesOf = new Map<string, ContactWatch[]>();
    for (const watch of watches) {
      for (const contactId of watch.contactIds()) {
        const others = watchesOf.get(contactId);
        if (others === undefined) watchesOf.set(contactId, [watch]);
        else others.push(watch);
      }
    }
    const contactIds = [...watchesOf.keys()];
    const moved = new Set<ContactWatch>();
    for (let from = 0; from < contactIds.length && !signal.aborted; from += TOGETHER) {
      const group = contactIds.slice(from, from + TOGETHER);
      const answers = await ask(group.map(expiryQuestion));
      for (const [index, contactId] of group.entries()) {
        const answer = answers[index] ?? '';
        const expiresAtSec = answer === '' ? undefined : readSeconds(answer);
        for (const watch of watchesOf.get(contactId) ?? []) if (watch.read(contactId, expiresAtSec)) moved.add(watch);
      }
    }
    if (moved.size > 0) await look([...moved]);
  }
}
