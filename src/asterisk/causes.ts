/**
 * What Asterisk's causes say about a leg. Asterisk turns the phone's SIP answer into an ISDN cause: 603 becomes 21, 486 and 600 become 17, a hang-up with "Call completed
 * elsewhere" 26, everything else some number that only says that the phone could not be had. After an answer the cause of a
 * plain hang-up is 16 on Asterisk 16 and 0 on 22, so there every cause but 26 is a hang-up.
 */
import type { LegEndKind } from '../call/ports.ts';

const BUSY = 17;
const NORMAL = 16;
const REJECTED = 21;
const ELSEWHERE = 26;

export function legEndOf(cause: number, answered: boolean, hungUpByUs: boolean): LegEndKind {
  if (cause === ELSEWHERE) return 'answered-elsewhere';
  if (answered) return 'hung-up';
  if (cause === REJECTED) return 'declined';
  if (cause === BUSY) return 'busy';
  if (cause === NORMAL && hungUpByUs) return 'hung-up';
  return 'unreachable';
}
