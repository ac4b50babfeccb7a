/**
 * In which order callers are seen to whom an earlier run of the router has left, as far as what is listed says it: of each call that waits there is a
 * note, and of each leg it is known by now what it was dialled for. A caller of whom there is no note may have been seen to by nobody. Pure.
 */

import type { FoundLeg } from '../../call/ports.ts';
import { readCallCheckpoint } from '../../call/resume/checkpoint.ts';
import { compareUrgency, urgencyOf } from '../../call/resume/urgency.ts';
import { readNote } from './notes.ts';

/**
 * @param notes the names of notes, as they are listed
 * @param legsOf the legs of each caller, by its channel
 */
export function latestFirst<T extends { readonly channel: { readonly id: string } }>(
  found: readonly T[],
  notes: readonly { readonly name: string }[],
  legsOf: ReadonlyMap<string, readonly FoundLeg[]>,
  wallMs: number,
): T[] {
  const read = notes.flatMap(({ name }) => readNote(name) ?? []);
  const checkpointOf = new Map(read.map(({ channelId, checkpoint }) => [channelId, readCallCheckpoint(checkpoint)]));
  return found
    .map((one) => {
      const { id } = one.channel;
      return { one, urgency: urgencyOf(checkpointOf.get(id), legsOf.get(id) ?? [], wallMs) };
    })
    .sort((one, other) => compareUrgency(one.urgency, other.urgency))
    .map(({ one }) => one);
}
