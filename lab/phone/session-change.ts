/**
 * How the media of an answered call change: by the far side's re-INVITE or UPDATE, which this phone takes, and by its own hold and its end. Two that cross are
 * both refused with 491 and tried again, as RFC 3261, 14 has it. It must never answer an offer while one of its own is open.
 */
import { randomInt } from 'node:crypto';
import type { CallAudio } from './call-audio.ts';
import type { CallRecord } from './call-record.ts';
import type { CallSession } from './call-session.ts';
import type { Dialog } from './dialog.ts';
import { askWithin } from './in-dialog.ts';
import type { PhoneLine } from './phone-line.ts';
import type { OfferForm } from './sdp.ts';
import type { ServerTransaction } from './server-transaction.ts';
import type { SipHeader } from './sip-message.ts';

const TYPE: SipHeader = ['Content-Type', 'application/sdp'];
/** How often an offer that crossed another is made again. */
const TRIES = 5;
const RETRY_MS = [200, 2000] as const;

class OfferRefused extends Error {
  override readonly name = 'OfferRefused';
  /** The final status, undefined when no answer came. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

interface CallParts {
  readonly line: PhoneLine;
  readonly dialog: Dialog;
  readonly audio: CallAudio;
  readonly session: CallSession;
  readonly record: CallRecord;
}

export class SessionChange {
  readonly #parts: CallParts;
  /** An offer of ours is open. */
  #offering = false;

  constructor(parts: CallParts) {
    this.#parts = parts;
  }

  /** Answers the far side's re-INVITE or UPDATE; true when it changed the media. */
  take(transaction: ServerTransaction, contact: readonly SipHeader[]): boolean {
    const { request } = transaction;
    const { dialog, session, record } = this.#parts;
    if (record.answeredAtMs !== undefined) {
      if (request.method === 'INVITE') record.reinvites += 1;
      else record.updates += 1;
    }
    if (this.#offering && (request.method === 'INVITE' || request.body !== '')) {
      transaction.respond({ status: 491 });
      return false;
    }
    dialog.learn(request);
    const description = session.use(request);
    const describes = description !== undefined || request.method === 'INVITE';
    const body = describes ? session.describeAnswer(description) : '';
    transaction.respond({ status: 200, headers: [...contact, ...(describes ? [TYPE] : [])], body });
    return description !== undefined;
  }

  /** Offers other media by a re-INVITE; resolves when the answer is in use. Throws OfferRefused. */
  async offer(form: OfferForm, contact: readonly SipHeader[]): Promise<void> {
    const { audio, session } = this.#parts;
    const holds = form.direction !== undefined || form.connection !== undefined;
    if (holds) audio.mute();
    for (let tries = 1; ; tries += 1) {
      const status = await this.#offerOnce(session.describeOffer(false, form), contact);
      if (status !== undefined && status < 300) break;
      if (status !== 491 || tries === TRIES) throw new OfferRefused(`re-INVITE: ${status ?? 'no answer'}`, status);
      await new Promise<void>((again) => this.#parts.line.agent.timers.after(randomInt(...RETRY_MS), again));
    }
    if (!holds) audio.unmute();
  }

  async #offerOnce(body: string, contact: readonly SipHeader[]): Promise<number | undefined> {
    const { line, dialog, session } = this.#parts;
    this.#offering = true;
    try {
      const answer = await askWithin(line, dialog, 'INVITE', [...contact, TYPE], body);
      if (answer !== undefined && answer.status < 300) session.use(answer);
      return answer?.status;
    } finally {
      this.#offering = false;
    }
  }
}
