/**
 * The errors that the call tells apart. Adapters throw these and nothing else across a port; whatever else arrives is a fault of ours.
 */

/** The caller's channel is gone. The reason of `Caller.left`, and what its methods reject with from then on. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone';
  constructor(detail = 'the caller has left') {
    super(detail);
  }
}

/** The PBX refused, failed or did not answer a request in time. */
export class PbxError extends Error {
  override readonly name = 'PbxError';
}

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
