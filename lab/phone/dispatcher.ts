/**
 * Where requests to one phone go: to the call that they belong to, into a new call under the policy that is due, or to a
 * plain answer (OPTIONS, NOTIFY, what belongs to no call). It must never lose a CANCEL that overtakes a call's making.
 */
import type { CallAudio } from './call-audio.ts';
import { newRecord } from './call-record.ts';
import { nowMs } from './clock.ts';
import { ALLOWED, Dialog } from './dialog.ts';
import { IncomingCall } from './incoming-call.ts';
import type { InvitePolicy } from './invite-policies.ts';
import { rings } from './invite-policies.ts';
import { OutgoingCall } from './outgoing-call.ts';
import type { PhoneCall } from './phone-call.ts';
import type { PhoneLine } from './phone-line.ts';
import type { CallOptions } from './phone-options.ts';
import type { ServerTransaction } from './server-transaction.ts';
import type { SipRequest } from './sip-message.ts';
import { firstLine, header } from './sip-message.ts';

const OF_A_CALL = new Set(['BYE', 'CANCEL', 'INVITE', 'UPDATE', 'INFO']);

export class Dispatcher {
  /** Calls that have not ended, by Call-ID. */
  readonly active = new Map<string, PhoneCall>();
  /** All calls, those that have ended included. */
  readonly calls: PhoneCall[] = [];
  readonly nextPolicies: InvitePolicy[] = [];
  policy: InvitePolicy = rings();
  readonly #accepting = new Map<string, Promise<void>>();
  readonly #line: PhoneLine;
  readonly #openAudio: (callId: string) => Promise<CallAudio>;
  /** Rises whenever the phone falls silent, so that what began before is not finished after. */
  life = 0;

  constructor(line: PhoneLine, openAudio: (callId: string) => Promise<CallAudio>) {
    this.#line = line;
    this.#openAudio = openAudio;
  }

  /** Sends the INVITE of a new call; undefined when the phone fell silent before it could. */
  async place(
    extension: string,
    options: CallOptions,
    openAudio: (callId: string) => Promise<CallAudio>,
  ): Promise<OutgoingCall | undefined> {
    const { server, user, agent } = this.#line;
    const uri = extension.startsWith('sip:') ? extension : `sip:${extension}@${server.host}:${server.port}`;
    const { fromNumber: number = user, fromName: name = '', video = false, neverAck = false, headers = [] } = options;
    const { host } = agent.socket;
    const dialog = Dialog.toward(uri, name, `sip:${number}@${host}`, server, host, options.callId);
    const { life } = this;
    const audio = await openAudio(dialog.callId);
    if (life !== this.life) {
      audio.close();
      return undefined;
    }
    const record = newRecord('out', dialog.callId, { name, number }, nowMs());
    const call = new OutgoingCall(this.#line, dialog, audio, record, { video, neverAck, headers });
    this.#add(call);
    call.start();
    return call;
  }

  /** All calls of the phone vanish, without a word to the far sides. */
  fallSilent(): void {
    this.life += 1;
    for (const call of [...this.active.values()]) call.vanish();
  }

  /** Resolves when no call is half made. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#accepting.values());
  }

  #add(call: PhoneCall): void {
    this.calls.push(call);
    this.active.set(call.callId, call);
  }

  onAck(ack: SipRequest): void {
    this.active.get(header(ack, 'call-id'))?.onAck(ack);
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    const callId = header(request, 'call-id');
    // What becomes of a transfer is also told to a phone that has left the call.
    const call = this.active.get(callId) ?? (request.method === 'NOTIFY' ? this.#latest(callId) : undefined);
    const accepting = this.#accepting.get(callId);
    if (call) call.onRequest(transaction);
    else if (accepting) void accepting.then(() => this.onRequest(transaction));
    else if (request.method === 'INVITE' && !/;\s*tag=/i.test(header(request, 'to'))) this.#accept(transaction);
    else this.#answerOutsideCalls(transaction);
  }

  #latest(callId: string): PhoneCall | undefined {
    return this.calls.findLast((call) => call.callId === callId);
  }

  #answerOutsideCalls(transaction: ServerTransaction): void {
    const { request } = transaction;
    const ofACall = OF_A_CALL.has(request.method);
    if (!ofACall && request.method !== 'OPTIONS') this.#line.events.emit('notified', firstLine(request));
    const status = ofACall ? 481 : ALLOWED.includes(request.method) ? 200 : 405;
    transaction.respond({ status, toTag: 'none', headers: [['Allow', ALLOWED]] });
  }

  #accept(transaction: ServerTransaction): void {
    const atMs = nowMs();
    const { life } = this;
    const dialog = Dialog.from(transaction.request, transaction.from);
    const accepted = this.#openAudio(dialog.callId).then((audio) => {
      this.#accepting.delete(dialog.callId);
      if (life === this.life) this.#begin(transaction, dialog, audio, atMs);
      else audio.close();
    });
    this.#accepting.set(dialog.callId, accepted);
  }

  #begin(transaction: ServerTransaction, dialog: Dialog, audio: CallAudio, atMs: number): void {
    const record = newRecord('in', dialog.callId, { name: '', number: '' }, atMs);
    const call = new IncomingCall(this.#line, dialog, audio, record, transaction);
    this.#add(call);
    const { from } = record.shown;
    this.#line.events.emit('invited', `by ${from.name} <${from.number}>`, call, atMs);
    const policy = this.nextPolicies.shift() ?? this.policy;
    if (record.offered !== undefined && audio.agreement === undefined) call.refuse(488);
    else policy(call);
  }
}
