/**
 * What Asterisk's causes say about a leg. Asterisk turns the phone's SIP answer into an ISDN cause: 603 becomes 21, 486 and 600 become 17, a hang-up
 * with "Call completed elsewhere" 26, everything else some number that only says that the phone could not be had. After an answer the cause of a
 * plain hang-up is 16 on Asterisk 16 and 0 on 22, so there every cause but 26 is a hang-up. 401, 403 and 407 become 21 like 603, and 483 becomes 19
 * like 480, and yet no person has said them: Asterisk 22 tells the SIP status as well, 16 does not, and there they pass for a decline. 480 is what
 * browsers' phones (JsSIP, SIP.js) say when their user declines; so it means that where the phone has rung, and that it cannot be had where it has
 * not. Where Asterisk itself gives a leg up, 22 claims the same cause and status; but only of what the phone has said there is a Dial event before.
 */
import type { LegEndKind } from '../../call/ports.ts';

const BUSY = 17;
const NORMAL = 16;
const REJECTED = 21;
/** User alerting, no answer. */
const NO_ANSWER = 19;
/** Answered elsewhere. */
export const ANSWERED_ELSEWHERE = 26;
/** SIP statuses by which a person declines: 603 Decline, 607 Unwanted. */
const DECLINES = [603, 607];
/** And one where it has rung: 480 Temporarily Unavailable. */
const DECLINES_RINGING = 480;

/** What is known of the leg. */
interface Known {
  readonly answered?: boolean;
  readonly rang?: boolean;
  readonly hungUpByUs?: boolean;
  /** Asterisk has said that it comes to nothing: the phone has refused it, or somebody has hung it up. */
  readonly refused?: boolean;
  /** It goes through the dialplan to where a phone has sent the call on. */
  readonly isForward?: boolean;
}

/** @param sipStatus the phone's own refusal, where Asterisk tells it */
export function legEndOf(cause: number, known: Known, sipStatus?: number): LegEndKind {
  const { answered = false, rang = false, hungUpByUs = false, refused = false, isForward = false } = known;
  if (cause === ANSWERED_ELSEWHERE) return 'answered-elsewhere';
  if (answered) return 'hung-up';
  if (cause === BUSY) return 'busy';
  if (isForward) return hungUpByUs ? 'hung-up' : 'unreachable';
  if (sipStatus !== undefined && DECLINES.includes(sipStatus)) return 'declined';
  if (cause === REJECTED) return sipStatus === undefined ? 'declined' : 'unreachable';
  if (cause === NORMAL && hungUpByUs) return 'hung-up';
  // A colleague has taken the call, by Asterisk's own feature, which tells no more. A phone whose 3xx names nobody has the same cause.
  if (cause === NORMAL) return refused ? 'unreachable' : 'answered-elsewhere';
  const isSaid = (sipStatus ?? DECLINES_RINGING) === DECLINES_RINGING;
  if (cause === NO_ANSWER && rang && isSaid && refused && !hungUpByUs) return 'declined';
  return 'unreachable';
}

/** Asterisk's words for the end of a leg, and the phone's own status where it is told: what an administrator finds in the record. */
export function endDetail(cause: number, words: string, sipStatus?: number): string {
  return `${cause} ${words}${sipStatus === undefined ? '' : `, SIP ${sipStatus}`}`;
}
