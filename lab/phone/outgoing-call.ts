/**
 * A call that this phone makes: INVITE, what comes back, ACK, CANCEL. An answer that arrives after the CANCEL is
 * acknowledged and hung up at once. It can be told never to acknowledge an answer.
 */
import type { CallAudio } from './call-audio.ts';
import type { CallRecord } from './call-record.ts';
import { recordReasons } from './call-record.ts';
import { TRANSACTION_LIFE_MS } from './client-transaction.ts';
import { nowMs } from './clock.ts';
import type { Dialog } from './dialog.ts';
import { cancelOf } from './dialog.ts';
import { PhoneCall } from './phone-call.ts';
import type { PhoneLine } from './phone-line.ts';
import type { SentRequest } from './sip-agent.ts';
import type { SipHeader, SipResponse } from './sip-message.ts';

export interface OutgoingOptions {
  /** Offers m=video as well. */
  readonly video: boolean;
  /** A 200 is never acknowledged. */
  readonly neverAck: boolean;
  readonly headers: readonly SipHeader[];
}

export class OutgoingCall extends PhoneCall {
  readonly #options: OutgoingOptions;
  #sent: SentRequest | undefined;
  #heardBack = false;
  /** The CANCEL that the owner wants: it may only go out once something came back. */
  #cancel: { reason: string | undefined; isSent: boolean } | undefined;

  constructor(line: PhoneLine, dialog: Dialog, audio: CallAudio, record: CallRecord, options: OutgoingOptions) {
    super(line, dialog, audio, record);
    this.#options = options;
  }

  start(): void {
    const described: SipHeader = ['Content-Type', 'application/sdp'];
    const list = [...this.contactHeaders, ...this.#options.headers, described];
    const invite = this.dialog.request('INVITE', list, this.session.describeOffer(this.#options.video));
    this.record.startedAtMs = nowMs();
    this.#sent = this.line.agent.send(invite, this.dialog.peer, {
      credentials: this.line.credentials,
      nextCseq: () => this.dialog.nextCseq(),
      onResponse: (response) => this.#onResponse(response),
      onTimeout: () => {
        if (this.hasEnded) return;
        this.record.finalStatus = 408;
        this.finish('nobody', 'no answer to the INVITE');
      },
    });
  }

  /** CANCEL while it rings, BYE when answered; resolves when the call has ended. */
  override async hangUp(reason?: string): Promise<void> {
    if (this.isAnswered) return this.bye(reason);
    if (this.hasEnded) return;
    this.record.endedBy = 'here';
    this.#cancel ??= { reason, isSent: false };
    this.#sendCancel();
    const giveUp = this.line.agent.timers.after(TRANSACTION_LIFE_MS, () => this.finish('nobody', 'CANCEL in vain'));
    try {
      await this.waitFor('ended', 2 * TRANSACTION_LIFE_MS);
    } finally {
      giveUp();
    }
  }

  override stopTransactions(): void {
    this.#cancel = undefined;
  }

  #sendCancel(): void {
    if (!this.#cancel || this.#cancel.isSent || !this.#heardBack || !this.#sent) return;
    this.#cancel.isSent = true;
    this.line.agent.sendCancel(cancelOf(this.#sent.request, this.#cancel.reason), this.dialog.peer);
  }

  #onResponse(response: SipResponse): void {
    if (this.hasEnded && response.status >= 300) return;
    this.#heardBack = true;
    if (this.record.statuses.at(-1) !== response.status) this.record.statuses.push(response.status);
    if (response.status < 200) this.#onProvisional(response);
    else {
      this.record.finalStatus ??= response.status;
      if (response.status < 300) this.#onAnswer(response);
      else this.#onRefusal(response);
    }
  }

  #onProvisional(response: SipResponse): void {
    this.#sendCancel();
    if (response.status === 100) return;
    this.dialog.learn(response);
    this.noteConnectedLine(response);
    if (response.status === 180) {
      this.record.ringingAtMs ??= nowMs();
      this.line.events.emit('ringing', 'the far side rings', this);
    }
    if (!this.session.use(response)) return;
    const first = this.record.earlyMediaAtMs === undefined;
    this.record.earlyMediaAtMs ??= nowMs();
    if (this.audio.options.sendFrom === 'early-media') this.audio.startSending();
    if (first) this.line.events.emit('early-media', `in ${response.status}`, this);
  }

  #onRefusal(response: SipResponse): void {
    recordReasons(this.record, response);
    this.finish('there', `${response.status} ${response.reason}`);
  }

  #onAnswer(response: SipResponse): void {
    this.dialog.learn(response);
    if (!this.#options.neverAck && this.#sent) {
      this.line.agent.sendAck(this.dialog.ackFor(this.#sent.request), this.dialog.peer);
    }
    if (this.isAnswered || this.hasEnded) return;
    this.noteConnectedLine(response);
    this.session.use(response);
    this.answered();
    if (this.#cancel) void this.bye(this.#cancel.reason);
  }
}
