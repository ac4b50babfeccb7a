/**
 * A transfer as a phone asks for it (RFC 3515, 3891, 5589): REFER to a number (blind), or with Replaces to the far side of another call of this phone (attended;
 * semi-attended while that one still rings), and what it is then told by NOTIFY. It must never count as over what nobody has said to be over.
 */
import type { Dialog } from './dialog.ts';
import { askWithin } from './in-dialog.ts';
import type { PhoneLine } from './phone-line.ts';
import type { SipHeader, SipRequest } from './sip-message.ts';
import { header } from './sip-message.ts';

const WITHIN_MS = 30_000;
/**
 * Asterisk says that a transfer has succeeded before it has moved the other, and a BYE that comes in between cuts both: after a plain Dial() as well, in one of 25 on a
 * loopback. A phone is a network away.
 */
const BYE_AFTER_MS = 500;

export interface TransferOptions {
  /** `after`: the phone says BYE half a second after it is told that the transfer has succeeded, unless the far side was faster; `at-once`: as soon as the REFER is taken; `never`. */
  readonly bye?: 'after' | 'at-once' | 'never';
  readonly withinMs?: number;
}

/** What a phone was told of its transfer. */
export interface Transferred {
  /** The answer to the REFER: 202, or why not; 0 when none came. */
  readonly answer: number;
  /** Statuses of the NOTIFYs, in order. */
  readonly notified: readonly number[];
  /** How it ended: the last of these. */
  readonly status: number;
}

export class Transfer {
  readonly notified: number[] = [];
  answer: number | undefined;
  #isOver = false;

  /** The far side tells how it goes; false when the request is about something else. */
  take(request: SipRequest): boolean {
    if (!/^refer\b/i.test(header(request, 'event'))) return false;
    const status = /^SIP\/2\.0 (\d{3})/.exec(request.body)?.[1];
    if (status !== undefined) this.notified.push(Number(status));
    if (/^terminated\b/i.test(header(request, 'subscription-state'))) this.#isOver = true;
    return true;
  }

  /** How it ended; undefined while it goes on. */
  get ended(): Transferred | undefined {
    const { answer, notified } = this;
    if (answer === undefined) return undefined;
    if (answer >= 200 && answer < 300 && !this.#isOver) return undefined;
    return { answer, notified: [...notified], status: notified.at(-1) ?? answer };
  }

  /** Sends the REFER; resolves when the transfer is told to be over, or is refused. Throws DeadlineMissed. */
  async run(
    line: PhoneLine,
    dialog: Dialog,
    contact: readonly SipHeader[],
    referTo: string,
    { bye = 'after', withinMs = WITHIN_MS }: TransferOptions,
    /** Unless the far side does meanwhile. */
    hangUp: (afterMs: number) => Promise<void>,
  ): Promise<Transferred> {
    const own = `<sip:${line.user}@${line.agent.socket.host}>`;
    const headers: SipHeader[] = [...contact, ['Refer-To', `<${referTo}>`], ['Referred-By', own]];
    const answer = await askWithin(line, dialog, 'REFER', headers);
    this.answer = answer?.status ?? 0;
    if (bye === 'at-once' && this.answer < 300) await hangUp(0);
    const { events } = line;
    const look = () => this.ended;
    const ended = await events.until(look, withinMs, 'end of the transfer', (check) => events.on(check));
    if (bye === 'after' && ended.status < 300) await hangUp(BYE_AFTER_MS);
    return ended;
  }
}

/** The URI of a REFER that joins the far side of this dialog. */
export function replacing(dialog: Dialog): string {
  const { callId, localTag, remoteTag, remoteTarget } = dialog;
  const replaces = encodeURIComponent(`${callId};to-tag=${remoteTag};from-tag=${localTag}`);
  return `${remoteTarget}?Replaces=${replaces}`;
}
