/**
 * Every way in which a call can end, as one closed list, and what the dialplan is told of each.
 * A new ending is added here first; nothing else may invent one.
 */

/** The statuses that the dialplan sees in XIVO_MAPP_STATUS. */
export type DialplanStatus =
  | 'ANSWERED'
  | 'NOANSWER'
  | 'BUSY'
  | 'DECLINED'
  | 'UNREACHABLE'
  | 'PASSED'
  | 'FAILED'
  /** For a dialplan that rings by itself: XIVO_MAPP_DIAL can be dialled. */
  | 'READY';

/** Why a call was passed back untouched: the dialplan goes on as if we were not there. */
export type PassReason =
  | 'unknown-user'
  | 'no-endpoint'
  | 'bad-endpoint'
  | 'bad-device'
  | 'do-not-disturb'
  | 'forwarded';

export type Ending =
  /** Caller and callee talked. The reason says on what; `picked-up`: somebody else has taken the call while it rang there. */
  | { readonly outcome: 'answered'; readonly reason: AnsweredOn }
  /** Somebody can be rung, by a dialplan that does it itself: a mobile that has woken, or, for want of one, what is registered. */
  | { readonly outcome: 'ready'; readonly reason: 'mobile' | 'registered' | 'wait-over' }
  | { readonly outcome: 'no-answer'; readonly reason: 'wait-over' | 'ring-time-over' }
  | { readonly outcome: 'busy'; readonly reason: 'busy' }
  | { readonly outcome: 'declined'; readonly reason: 'declined' }
  | { readonly outcome: 'unreachable'; readonly reason: UnreachableReason }
  | { readonly outcome: 'passed'; readonly reason: PassReason }
  | {
      readonly outcome: 'failed';
      readonly reason: 'router-stopping' | 'pbx-error' | 'router-error' | 'pbx-slow' | 'too-many-calls';
    }
  | { readonly outcome: 'caller-left'; readonly reason: WhyLeft };

export type AnsweredOn = 'mobile' | 'webapp' | 'picked-up';

/** What the dialplan says of a call that was answered. */
export function readAnsweredOn(reason: string): AnsweredOn | undefined {
  return (['mobile', 'webapp', 'picked-up'] as const).find((on) => on === reason);
}

/** What the pushed mobiles are told of a call that has ended so, whatever else they have come to know. */
export function wordOf({ outcome, reason }: Ending): string {
  const elsewhere = outcome === 'answered' ? reason !== 'mobile' : reason === 'answered-elsewhere';
  return elsewhere ? 'answered-elsewhere' : outcome;
}

type WhyLeft =
  | 'before-push'
  | 'while-waiting'
  | 'while-ringing'
  /** The caller's own side says that somebody else has answered: another member of its group, another branch of its fork. */
  | 'answered-elsewhere'
  /** Its channel was moved to another place in the dialplan, by whoever may do so. */
  | 'moved';

type UnreachableReason =
  /** Nothing is registered and no device has a live token to be woken by. */
  | 'no-device'
  /** Every push came back as a dead token and nothing is registered. */
  | 'every-token-dead'
  /** The UC Assistant is the only choice and is not registered. */
  | 'not-registered'
  /** There were legs, and each of them failed. */
  | 'every-leg-failed';

const STATUS_OF: Readonly<Record<Exclude<Ending['outcome'], 'caller-left'>, DialplanStatus>> = {
  answered: 'ANSWERED',
  ready: 'READY',
  'no-answer': 'NOANSWER',
  busy: 'BUSY',
  declined: 'DECLINED',
  unreachable: 'UNREACHABLE',
  passed: 'PASSED',
  failed: 'FAILED',
};

/** Endings after which the caller is handed to the dialplan. */
const GIVEN_BACK: readonly Ending[] = [
  // Whoever had answered has hung up before anybody was connected.
  { outcome: 'answered', reason: 'mobile' },
  { outcome: 'answered', reason: 'webapp' },
  { outcome: 'answered', reason: 'picked-up' },
  { outcome: 'no-answer', reason: 'wait-over' },
  { outcome: 'no-answer', reason: 'ring-time-over' },
  { outcome: 'busy', reason: 'busy' },
  { outcome: 'declined', reason: 'declined' },
  { outcome: 'unreachable', reason: 'no-device' },
  { outcome: 'unreachable', reason: 'every-token-dead' },
  { outcome: 'unreachable', reason: 'not-registered' },
  { outcome: 'unreachable', reason: 'every-leg-failed' },
  { outcome: 'passed', reason: 'unknown-user' },
  { outcome: 'passed', reason: 'no-endpoint' },
  { outcome: 'passed', reason: 'bad-endpoint' },
  { outcome: 'passed', reason: 'bad-device' },
  { outcome: 'passed', reason: 'do-not-disturb' },
  { outcome: 'passed', reason: 'forwarded' },
  { outcome: 'failed', reason: 'pbx-error' },
  { outcome: 'failed', reason: 'router-error' },
  { outcome: 'failed', reason: 'pbx-slow' },
  { outcome: 'failed', reason: 'too-many-calls' },
];

/** The ending that these words name, where it is one that hands the caller to the dialplan for good. */
export function readEnding(outcome: string, reason: string): Ending | undefined {
  return GIVEN_BACK.find((ending) => ending.outcome === outcome && ending.reason === reason);
}

/** XIVO_MAPP_STATUS for an ending; undefined where the caller has left and nobody reads it. */
export function statusOf(ending: Ending): DialplanStatus | undefined {
  return ending.outcome === 'caller-left' ? undefined : STATUS_OF[ending.outcome];
}
