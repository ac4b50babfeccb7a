/**
 * What incoming and outgoing calls have in common: audio, what happens inside the dialog (BYE, re-INVITE, UPDATE, INFO),
 * the record, and the waits of a test. It must never answer for the phone's owner: how a call begins is the subclasses'.
 */

import { awaitHeard } from './awaited-sound.ts';
import type { CallAudio, DtmfHeard } from './call-audio.ts';
import type { CallRecord } from './call-record.ts';
import { recordConnectedLine, recordReasons, wasAnsweredElsewhere } from './call-record.ts';
import { CallSession } from './call-session.ts';
import { nowMs } from './clock.ts';
import type { Dialog } from './dialog.ts';
import { ALLOWED } from './dialog.ts';
import type { HeardSegment } from './heard-timeline.ts';
import { askWithin } from './in-dialog.ts';
import type { Awaited } from './listening.ts';
import type { PhoneEvent, PhoneEventType } from './phone-events.ts';
import type { PhoneLine } from './phone-line.ts';
import type { OfferForm } from './sdp.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { SessionChange } from './session-change.ts';
import type { SipHeader, SipMessage, SipRequest } from './sip-message.ts';
import { firstLine } from './sip-message.ts';
import type { TransferOptions, Transferred } from './transfer.ts';
import { replacing, Transfer } from './transfer.ts';

export abstract class PhoneCall {
  readonly record: CallRecord;
  protected readonly line: PhoneLine;
  protected readonly dialog: Dialog;
  protected readonly audio: CallAudio;
  protected readonly session: CallSession;
  readonly #change: SessionChange;
  #transfer = new Transfer();

  constructor(line: PhoneLine, dialog: Dialog, audio: CallAudio, record: CallRecord) {
    this.line = line;
    this.dialog = dialog;
    this.audio = audio;
    this.session = new CallSession(audio, record);
    this.record = record;
    this.#change = new SessionChange({ line, dialog, audio, session: this.session, record });
  }

  /** Hangs up, refuses or gives up, whatever fits; resolves when the call has ended. */
  abstract hangUp(): Promise<void>;

  get callId(): string {
    return this.record.callId;
  }

  get isAnswered(): boolean {
    return this.record.answeredAtMs !== undefined;
  }

  get hasEnded(): boolean {
    return this.record.endedAtMs !== undefined;
  }

  /** Whether its RTP socket is open. */
  get holdsSocket(): boolean {
    return this.audio.isOpen;
  }

  /** Whether a CANCEL or BYE said that another device took the call. */
  get answeredElsewhere(): boolean {
    return wasAnsweredElsewhere(this.record);
  }

  /** The first event of that type of this call, also when it has happened already. Throws DeadlineMissed. */
  waitFor(type: PhoneEventType, withinMs: number): Promise<PhoneEvent> {
    const { events } = this.line;
    const look = () => events.list.find((one) => one.type === type && one.call === this);
    return events.until(look, withinMs, `'${type}' of call ${this.callId}`, (check) => events.on(check));
  }

  /** What this phone heard, from when to when; clipped to the span when one is given. */
  heard(fromMs?: number, toMs?: number): HeardSegment[] {
    return this.audio.listening.segments(fromMs, toMs);
  }

  /** The longest time in that span without any sound, in ms; the pauses of a ringback cadence are none. */
  longestGapMs(fromMs: number, toMs: number): number {
    const gap = this.audio.listening.longestGap(fromMs, toMs);
    return gap ? gap.toMs - gap.fromMs : 0;
  }

  /**
   * Waits until this phone hears that tone (Hz) or kind of sound, now or later (or since `sinceMs`); gives the time at
   * which it began. Throws DeadlineMissed.
   */
  waitUntilHears(what: Awaited, withinMs: number, sinceMs = nowMs() - 100): Promise<number> {
    return awaitHeard(this.audio.listening, this.line.events, what, withinMs, sinceMs);
  }

  /** Sends digits as telephone-events, one after another; resolves when the last has been sent. */
  async sendDtmf(digits: string, durationMs = 160): Promise<void> {
    for (const digit of digits) await this.audio.sendDtmf(digit, durationMs);
  }

  /** Waits until these digits have been heard, in this order, at the end of all digits. Throws DeadlineMissed. */
  async waitForDtmf(digits: string, withinMs: number): Promise<void> {
    const { events } = this.line;
    const heard = () => this.record.dtmf.map((one) => one.digit).join('');
    const look = () => (heard().endsWith(digits) ? digits : undefined);
    await events.until(look, withinMs, `DTMF ${digits}`, (check) => events.on(check));
  }

  /** Puts the far side on hold (`sendonly` unless said) and falls silent. Throws OfferRefused. */
  hold(form: OfferForm = { direction: 'sendonly' }): Promise<void> {
    return this.#change.offer(form, this.contactHeaders);
  }

  unhold(form: Pick<OfferForm, 'codecsTurned'> = {}): Promise<void> {
    return this.#change.offer(form, this.contactHeaders);
  }

  /**
   * REFER: the far side to that number, or to the far side of another call of this phone, answered or ringing. Resolves when the transfer is told to be over, or is
   * refused. Throws DeadlineMissed.
   */
  async transferTo(where: string | PhoneCall, options: TransferOptions = {}): Promise<Transferred> {
    const { host, port } = this.line.server;
    const referTo = typeof where === 'string' ? `sip:${where}@${host}:${port}` : replacing(where.dialog);
    this.#transfer = new Transfer();
    return await this.#transfer.run(this.line, this.dialog, this.contactHeaders, referTo, options, (afterMs) =>
      this.#hangUpAfter(afterMs),
    );
  }

  async #hangUpAfter(afterMs: number): Promise<void> {
    if (afterMs > 0) await this.waitFor('ended', afterMs).catch(() => undefined);
    await this.hangUp();
  }

  /** From now on this phone neither sends nor hears anything of this call, and never says so. */
  vanish(): void {
    this.line.agent.vanishedCalls.add(this.callId);
    this.stopTransactions();
    this.finish('nobody', 'vanished');
  }

  /** A request of this dialog, or the CANCEL of its INVITE. */
  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    this.dialog.peer = transaction.from;
    if (request.method === 'BYE') this.#onBye(transaction);
    else if (request.method === 'INVITE' || request.method === 'UPDATE') this.#onSessionChange(transaction);
    else {
      if (request.method === 'INFO') this.#onInfo(request);
      transaction.respond({ status: 200 });
      if (this.#transfer.take(request)) this.line.events.emit('notified', firstLine(request), this);
    }
  }

  onAck(ack: SipRequest): void {
    if (ack.body !== '') this.session.use(ack);
  }

  /** Ends what repeats by itself; for a phone that falls silent. */
  abstract stopTransactions(): void;

  heardDtmf(heard: DtmfHeard): void {
    this.record.dtmf.push(heard);
    this.line.events.emit('dtmf', heard.digit, this, heard.atMs);
  }

  protected finish(endedBy: 'here' | 'there' | 'nobody', detail: string, atMs = nowMs()): void {
    if (this.hasEnded) return;
    this.record.endedAtMs = atMs;
    this.record.endedBy ??= endedBy;
    this.audio.close();
    this.line.ended(this);
    this.line.events.emit('ended', detail, this, atMs);
  }

  protected answered(): void {
    this.record.answeredAtMs = nowMs();
    this.audio.startSending();
    this.line.events.emit('answered', '', this, this.record.answeredAtMs);
  }

  protected noteConnectedLine(message: SipMessage): void {
    const line = recordConnectedLine(this.record, message, nowMs());
    if (line) this.line.events.emit('connected-line', `${line.name} <${line.number}> in ${line.in}`, this, line.atMs);
  }

  /** Says BYE; resolves when it is answered, or has been repeated in vain. */
  protected async bye(reason: string | undefined): Promise<void> {
    if (this.hasEnded) return;
    this.record.endedBy = 'here';
    const saidAtMs = nowMs();
    const why: SipHeader[] = reason === undefined ? [] : [['Reason', reason]];
    await askWithin(this.line, this.dialog, 'BYE', why);
    this.stopTransactions();
    this.finish('here', 'hung up', saidAtMs);
  }

  protected get contactHeaders(): SipHeader[] {
    return [
      ['Contact', `<sip:${this.line.user}@${this.line.agent.contactHostPort}>`],
      ['Allow', ALLOWED],
    ];
  }

  #onBye(transaction: ServerTransaction): void {
    recordReasons(this.record, transaction.request);
    transaction.respond({ status: 200 });
    this.stopTransactions();
    this.finish('there', 'the other side hung up');
  }

  #onSessionChange(transaction: ServerTransaction): void {
    this.noteConnectedLine(transaction.request);
    if (this.#change.take(transaction, this.contactHeaders))
      this.line.events.emit('media-changed', this.audio.agreement?.direction ?? '', this);
  }

  #onInfo(request: SipRequest): void {
    const signal = /^Signal\s*=\s*(\S)/im.exec(request.body);
    if (signal) this.heardDtmf({ digit: signal[1] ?? '', atMs: nowMs() });
  }
}
