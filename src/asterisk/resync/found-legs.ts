/**
 * The legs that an earlier run of the router has left. Each is owned from the moment in which it is found, so that nothing it does is missed.
 */
import type { FoundLeg } from '../../call/ports.ts';
import { subscribeToChannels } from '../app/application.ts';
import { readVariables } from '../app/expressions.ts';
import type { AriRequests } from '../ari/client.ts';
import { fewAtOnce } from '../ari/few-at-once.ts';
import type { Leg } from '../channels/leg.ts';
import { lookAtLeg } from '../channels/leg-look.ts';
import { LEG_CALLER, LEG_CHECKPOINT } from '../channels/leg-order.ts';
import type { AriLegs } from '../channels/legs.ts';

export interface LeftLegsDeps {
  readonly requests: AriRequests;
  readonly app: string;
  readonly legs: Pick<AriLegs, 'find'>;
}

/** Legs that an earlier run has left, by the channel id of the caller whom they were for. Each is owned from now on, so that nothing it does is missed. */
export async function findLegs(legIds: readonly string[], deps: LeftLegsDeps): Promise<Map<string, FoundLeg[]>> {
  const { requests, app, legs } = deps;
  const found = new Map<string, FoundLeg[]>();
  const owners = legIds.map((legId) => ({ legId, owner: legs.find(legId) }));
  await subscribeToChannels(requests, app, legIds);
  const findOne = async ({ legId, owner }: { legId: string; owner: Leg }) => {
    const values = (await readVariables(requests, legId, [LEG_CALLER, LEG_CHECKPOINT])) ?? [];
    const look = await lookAtLeg(requests, legId, owner);
    if (look.kind === 'gone') return;
    const [callerId = '', checkpoint = ''] = values;
    owner.callerId = callerId;
    found.set(callerId, [...(found.get(callerId) ?? []), { legId, checkpoint }]);
  };
  await fewAtOnce(owners, findOne);
  return found;
}
