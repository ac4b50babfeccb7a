/**
 * What an earlier run of the router has left of a call, legs and a note, until the call has taken them over: a call that ends before that ends them too,
 * and one whose leg is answered, declined or gone is the next whose turn it is.
 */

import type { Call } from './call.ts';
import { insist, NEVER } from './insist.ts';
import { readLegMemory } from './memory.ts';
import { CLEARING_MS } from './ringing.ts';
import { answeredOn } from './talk.ts';

/** Legs and note of an earlier run end with a call that ends before they are taken over. Returns what to call once they are. */
export function guardFound(call: Call): () => void {
  const { legs, notes, clock } = call.ports;
  const { resumed } = call;
  if (resumed === undefined) return () => {};
  const guards = resumed.legs.map(({ legId, memory }) => {
    const hangUp = () => legs.hangUp(legId, 'not-needed');
    const strikeOut = call.undo.add(`leg ${legId}`, () => insist(clock, NEVER, hangUp, CLEARING_MS));
    legs.adopt(legId, (event) => {
      call.inbox.post({ what: 'leg', legId, event });
      if (event.kind !== 'ringing') call.turn?.hurry();
      if (event.kind !== 'connected') return;
      const { pickedUp } = event;
      call.talksOnFound = { legId, on: answeredOn({ on: readLegMemory(memory)?.on ?? 'mobile', pickedUp }) };
      strikeOut();
    });
    return strikeOut;
  });
  const remove = () => notes.remove(call.callId);
  guards.push(call.undo.add('note', () => insist(clock, NEVER, remove, CLEARING_MS)));
  return () => {
    for (const strikeOut of guards) strikeOut();
  };
}
