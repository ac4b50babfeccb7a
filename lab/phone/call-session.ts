/**
 * The session descriptions of one call: what the far side described is taken into use for its audio, what this side
 * describes gets a version of its own. It must never change what was agreed without a new description from the far side.
 */
import { randomInt } from 'node:crypto';
import type { CallAudio } from './call-audio.ts';
import type { CallRecord } from './call-record.ts';
import { recordOffer } from './call-record.ts';
import type { LocalAudio, OfferForm, SessionDescription } from './sdp.ts';
import { agree, answer, offer, parseSdp } from './sdp.ts';
import type { SipMessage } from './sip-message.ts';
import { header } from './sip-message.ts';

export class CallSession {
  readonly #audio: CallAudio;
  readonly #record: CallRecord;
  readonly #id = randomInt(1, 2 ** 31);
  #version = 0;

  constructor(audio: CallAudio, record: CallRecord) {
    this.#audio = audio;
    this.#record = record;
  }

  /** The session description of a message, if it has one: from now on audio is sent by it. */
  use(message: SipMessage): SessionDescription | undefined {
    if (message.body === '' || !/^application\/sdp/i.test(header(message, 'content-type'))) return undefined;
    const session = parseSdp(message.body);
    recordOffer(this.#record, session);
    const agreement = agree(session, this.#audio.options.codec);
    if (agreement) this.#audio.useAgreement(agreement);
    return session;
  }

  describeOffer(video: boolean, form: OfferForm = {}): string {
    return offer(this.#local(), this.#audio.options.codec, video, form);
  }

  /** Our answer to the far side's offer, or an offer of ours when it made none. */
  describeAnswer(session: SessionDescription | undefined): string {
    const { agreement } = this.#audio;
    return session && agreement ? answer(this.#local(), session, agreement) : this.describeOffer(false);
  }

  #local(): LocalAudio {
    this.#version += 1;
    return { ...this.#audio.address, sessionId: this.#id, version: this.#version };
  }
}
