/**
 * Every way in which a call can end, as one closed list, and what the dialplan is told of each.
 * A new ending is added here first; nothing else may invent one.
 */

import type { DialplanStatus } from './ports.ts';

/** Why a call was passed back untouched: the dialplan goes on as if we were not there. */
export type PassReason =
  | 'unknown-user'
  | 'no-endpoint'
  | 'bad-endpoint'
  | 'bad-device'
  | 'do-not-disturb'
  | 'forwarded';

export type Ending =
  /** Caller and callee talked. The reason says on what. */
  | { readonly outcome: 'answered'; readonly reason: 'mobile' | 'webapp' }
  | { readonly outcome: 'no-answer'; readonly reason: 'wait-over' | 'ring-time-over' }
  | { readonly outcome: 'busy'; readonly reason: 'busy' }
  | { readonly outcome: 'declined'; readonly reason: 'declined' }
  | { readonly outcome: 'unreachable'; readonly reason: UnreachableReason }
  | { readonly outcome: 'passed'; readonly reason: PassReason }
  | { readonly outcome: 'failed'; readonly reason: 'router-stopping' | 'pbx-error' | 'router-error' }
  | { readonly outcome: 'caller-left'; readonly reason: 'before-push' | 'while-waiting' | 'while-ringing' };

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
  'no-answer': 'NOANSWER',
  busy: 'BUSY',
  declined: 'DECLINED',
  unreachable: 'UNREACHABLE',
  passed: 'PASSED',
  failed: 'FAILED',
};

/** XIVO_MAPP_STATUS for an ending; undefined where the caller has left and nobody reads it. */
export function statusOf(ending: Ending): DialplanStatus | undefined {
  return ending.outcome === 'caller-left' ? undefined : STATUS_OF[ending.outcome];
}
