/**
 * A call that reached this phone. What it does is the owner's to say, by a policy or step by step: try, ring, early
 * media, answer, refuse, or nothing. A CANCEL is obeyed unless the owner wants the answer to race it.
 */
import type { CallAudio } from './call-audio.ts';
import type { CallRecord } from './call-record.ts';
import { recordCaller, recordReasons } from './call-record.ts';
import { nowMs } from './clock.ts';
import type { Dialog } from './dialog.ts';
import { PhoneCall } from './phone-call.ts';
import type { PhoneLine } from './phone-line.ts';
import type { SessionDescription } from './sdp.ts';
import type { Answer, ServerTransaction } from './server-transaction.ts';
import type { SipRequest } from './sip-message.ts';
import type { Undo } from './timers.ts';

export class IncomingCall extends PhoneCall {
  readonly #invite: ServerTransaction;
  readonly #offered: SessionDescription | undefined;
  readonly #later: Undo[] = [];
  /** The same description in 183 and 200: only the first is the answer to the offer (RFC 3264). */
  #described: string | undefined;
  /** When set, a CANCEL is answered, but the call is then answered as well: the 200 races the CANCEL. */
  #answerAfterCancelMs: number | undefined;
  #acknowledged = false;

  constructor(line: PhoneLine, dialog: Dialog, audio: CallAudio, record: CallRecord, invite: ServerTransaction) {
    super(line, dialog, audio, record);
    this.#invite = invite;
    this.#offered = this.session.use(invite.request);
    recordCaller(record, invite.request);
    invite.onNoAck = () => this.finish('nobody', 'the answer was never acknowledged');
  }

  get invite(): SipRequest {
    return this.#invite.request;
  }

  /** Whether the far side acknowledged our 200. */
  get isAcknowledged(): boolean {
    return this.#acknowledged;
  }

  /** 100 Trying. */
  trying(): void {
    this.#respond({ status: 100 });
  }

  /** 180 Ringing. */
  ring(): void {
    if (this.#isDecided) return;
    this.#respond({ status: 180, toTag: this.dialog.localTag, headers: this.contactHeaders });
    this.record.ringingAtMs ??= nowMs();
    this.line.events.emit('ringing', 'this phone rings', this);
  }

  /** 183 with SDP; audio is sent from here on unless the phone sends from the answer only. */
  earlyMedia(): void {
    if (this.#isDecided) return;
    this.#respondWithSession(183);
    this.record.earlyMediaAtMs ??= nowMs();
    if (this.audio.options.sendFrom === 'early-media') this.audio.startSending();
    this.line.events.emit('early-media', 'this phone sends 183', this);
  }

  /** 200 OK; harmless when the call is decided already. */
  answer(): void {
    if (this.#isDecided) return;
    this.#respondWithSession(200);
    this.record.finalStatus = 200;
    this.answered();
  }

  /** Refuses: 603 by the person, 486 busy, 480, 503, 403, ... */
  refuse(status = 603): void {
    if (this.#isDecided) return;
    this.#respond({ status, toTag: this.dialog.localTag });
    this.record.finalStatus = status;
    this.#dropLater();
    this.finish('here', `refused with ${status}`);
  }

  /** 302 (or another 3xx): the call is to be tried there, e.g. `sip:200@example`. */
  redirect(to: string, status = 302): void {
    if (this.#isDecided) return;
    this.#respond({ status, toTag: this.dialog.localTag, headers: [['Contact', `<${to}>`]] });
    this.record.finalStatus = status;
    this.#dropLater();
    this.finish('here', `redirected to ${to}`);
  }

  /** 200 OK whose description refuses the audio (`m=audio 0`). */
  answerWithoutAudio(): void {
    if (this.#isDecided) return;
    this.#described = this.session.describeAnswer(this.#offered).replace(/^m=audio \d+/m, 'm=audio 0');
    this.answer();
  }

  /** Runs `act` after `delayMs`, unless the call is decided or ended before. */
  after(delayMs: number, act: () => void): void {
    this.#later.push(this.line.agent.timers.after(delayMs, act));
  }

  /** A CANCEL will be confirmed and yet be followed by 200 OK, `delayMs` later; 0: just before the confirmation. */
  answerDespiteCancel(delayMs: number): void {
    this.#answerAfterCancelMs = delayMs;
  }

  /** BYE when answered, else a refusal with 603. */
  override async hangUp(reason?: string): Promise<void> {
    this.#dropLater();
    if (this.isAnswered) await this.bye(reason);
    else this.refuse();
  }

  override onRequest(transaction: ServerTransaction): void {
    if (transaction.request.method === 'CANCEL') this.#onCancel(transaction);
    else super.onRequest(transaction);
  }

  override onAck(ack: SipRequest): void {
    this.#invite.acknowledged();
    this.#acknowledged = true;
    super.onAck(ack);
  }

  override stopTransactions(): void {
    this.#dropLater();
    this.#invite.acknowledged();
  }

  get #isDecided(): boolean {
    return this.#invite.finalStatus !== undefined || this.hasEnded;
  }

  #onCancel(cancel: ServerTransaction): void {
    recordReasons(this.record, cancel.request);
    const lateMs = this.#answerAfterCancelMs;
    if (lateMs === 0) this.answer();
    cancel.respond({ status: 200, toTag: this.dialog.localTag });
    this.line.events.emit('cancelled', this.record.reasons.join(', '), this);
    if (this.#isDecided) return;
    this.#dropLater();
    if (lateMs !== undefined) {
      this.after(lateMs, () => this.answer());
      return;
    }
    this.#respond({ status: 487, toTag: this.dialog.localTag });
    this.record.finalStatus = 487;
    this.finish('there', this.answeredElsewhere ? 'answered elsewhere' : 'cancelled');
  }

  #respondWithSession(status: number): void {
    this.#described ??= this.session.describeAnswer(this.#offered);
    this.#respond({
      status,
      toTag: this.dialog.localTag,
      headers: [...this.contactHeaders, ['Content-Type', 'application/sdp']],
      body: this.#described,
    });
  }

  #respond(answer: Answer): void {
    if (this.hasEnded) return;
    this.record.statuses.push(answer.status);
    this.#invite.respond(answer);
  }

  #dropLater(): void {
    for (const undo of this.#later.splice(0)) undo();
  }
}
