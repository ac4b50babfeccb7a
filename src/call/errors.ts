/**
 * The errors that the call tells apart. Adapters throw these and nothing else across a port; whatever else arrives is a fault of ours.
 */

import type { AnsweredOn } from './outcomes.ts';

/**
 * How a caller has left us: by hanging up, because the call was answered elsewhere, or because somebody has moved its channel to another place in the
 * dialplan.
 */
export type HowLeft = 'hung-up' | 'answered-elsewhere' | 'moved';

/** The caller's channel is gone. The reason of `Caller.left`, and what its methods reject with from then on. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
  readonly how: HowLeft;
  constructor(detail = 'the caller has left', how: HowLeft = 'hung-up') {
    super(detail);
    this.how = how;
  }
}

/** The caller's channel is gone to whoever has answered. */
export class CallerAnswered extends CallerGone {
  readonly on: AnsweredOn;
  constructor(on: AnsweredOn) {
    super('somebody has answered');
    this.on = on;
  }
}

/** The PBX refused, failed or did not answer a request in time. */
export class PbxError extends Error {
  override readonly name = 'PbxError';
}

/** The PBX did not answer in time. It has refused nothing: what was asked may have been done, or be done yet. */
export class PbxLate extends PbxError {}

/** The PBX cannot be given a contact's address, whoever orders it. */
export class NoAddress extends PbxError {}

/** The router is stopping; calls that wait are given back. */
export class Stopping extends Error {
  override readonly name = 'Stopping';
  constructor() {
    super('the router is stopping');
  }
}

/** What a fault of any kind says, for timelines and logs. */
export function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
