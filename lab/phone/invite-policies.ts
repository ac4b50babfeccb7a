/**
 * What a phone does with a call by itself. A policy is a plain function of the call, so a scenario can write its own; these
 * are the usual ones. Set with `phone.onInvite(policy)`, or for the next calls only with `phone.onNextInvites(...)`.
 */
import type { IncomingCall } from './incoming-call.ts';

export type InvitePolicy = (call: IncomingCall) => void;

/** 180, then nothing until the test says `answer()`, `refuse()` or `hangUp()`. */
export function rings(): InvitePolicy {
  return (call) => call.ring();
}

/** 183 with audio, then nothing until the test says more. */
export function playsEarlyMedia(): InvitePolicy {
  return (call) => call.earlyMedia();
}

/** 180, and 200 after so many milliseconds; 0: 200 at once, without 180. */
export function answersAfter(delayMs: number): InvitePolicy {
  return (call) => {
    if (delayMs <= 0) return call.answer();
    call.ring();
    call.after(delayMs, () => call.answer());
  };
}

/** Refuses at once, or after ringing so long: 603 decline, 486 busy, 480, 503, 403, ... */
export function refuses(status = 603, afterMs = 0): InvitePolicy {
  return (call) => {
    if (afterMs <= 0) return call.refuse(status);
    call.ring();
    call.after(afterMs, () => call.refuse(status));
  };
}

/** 100 and nothing more. */
export function onlyTries(): InvitePolicy {
  return (call) => call.trying();
}

/** No answer of any kind, not even 100. */
export function ignores(): InvitePolicy {
  return () => undefined;
}

/** Rings; when cancelled, answers all the same, just before the CANCEL is confirmed or so many ms after it. */
export function answersDespiteCancel(afterCancelMs = 0): InvitePolicy {
  return (call) => {
    call.answerDespiteCancel(afterCancelMs);
    call.ring();
  };
}

/** Answers, and vanishes so many milliseconds later without BYE. */
export function answersAndVanishes(afterMs: number): InvitePolicy {
  return (call) => {
    call.answer();
    call.after(afterMs, () => call.vanish());
  };
}
