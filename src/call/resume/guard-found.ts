/**
 * What an earlier run of the router has left of a call, legs and a note, until the call has taken them over: a call that ends before that ends them too,
 * and one whose leg is answered, declined or gone is the next whose turn it is.
 */

import type { Call, Resumed } from '../call.ts';
import type { LegHangUpReason } from '../ports.ts';
import { CLEARING_MS, NEVER, retry } from '../retry.ts';
import { answeredOn } from '../talk.ts';
import { readLegCheckpoint } from './checkpoint.ts';

/** Most calls have nothing to guard, and thousands may wait: it takes no memory. */
const NOTHING = () => {};

/** Legs and note of an earlier run end with a call that ends before they are taken over. Returns what to call once they are. */
export function guardFound(call: Call): () => void {
  return call.resumed === undefined ? NOTHING : guard(call, call.resumed);
}

function guard(call: Call, resumed: Resumed): () => void {
  const { legs, notes, clock } = call.ports;
  let state: 'found' | 'heard' | 'taken over' = 'found';
  let talkingId: string | undefined;
  const end = (legId: string, reason: LegHangUpReason) =>
    retry(clock, NEVER, () => legs.hangUp(legId, reason), CLEARING_MS);
  // Whatever the call is waiting for, the others shall not ring on meanwhile.
  const endOthers = () => {
    for (const { legId } of resumed.legs)
      if (legId !== talkingId) call.beside(`hang up ${legId}`, end(legId, 'answered-elsewhere'));
  };
  const guards = resumed.legs.map(({ legId, checkpoint }) => {
    const strikeOut = call.undo.add(`leg ${legId}`, () => end(legId, 'not-needed'));
    legs.adopt(legId, (event) => {
      call.inbox.post({ what: 'leg', legId, event });
      if (event.kind !== 'ringing') call.turn?.hurry();
      if (event.kind !== 'connected') return;
      const known = readLegCheckpoint(checkpoint);
      call.talksOnFound = known && answeredOn({ on: known.on, pickedUp: event.pickedUp });
      strikeOut();
      talkingId = legId;
      if (state === 'heard') endOthers();
    });
    return strikeOut;
  });
  state = 'heard';
  if (talkingId !== undefined) endOthers();
  const remove = () => notes.remove(call.callId);
  guards.push(call.undo.add('note', () => retry(clock, NEVER, remove, CLEARING_MS)));
  return () => {
    state = 'taken over';
    for (const strikeOut of guards) strikeOut();
  };
}
