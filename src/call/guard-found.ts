/**
 * What an earlier run of the router has left of a call, legs and a bridge, until the call has taken them over: a call that ends before that ends them too.
 */

import type { Call } from './call.ts';
import { insist, NEVER } from './insist.ts';
import { bridgeIdOf, CLEARING_MS } from './ringing.ts';

/** Legs and bridge of an earlier run end with a call that ends before they are taken over. Returns what to call once they are. */
export function guardFound(call: Call): () => void {
  const { legs, bridges, clock } = call.ports;
  const { resumed } = call;
  if (resumed === undefined) return () => {};
  const guards = resumed.legs.map(({ legId }) => {
    const hangUp = () => legs.hangUp(legId, 'not-needed');
    return call.undo.add(`leg ${legId}`, () => insist(clock, NEVER, hangUp, CLEARING_MS));
  });
  const close = () => bridges.close(bridgeIdOf(call));
  guards.push(call.undo.add('bridge', () => insist(clock, NEVER, close, CLEARING_MS)));
  return () => {
    for (const strikeOut of guards) strikeOut();
  };
}
