/**
 * The legs that an earlier run of the router has left. Each is owned from the moment in which it is found, so that nothing it does is missed. One that was answered while nobody was
 * there is in the dialplan still, or comes to us just now: whoever brings its caller back waits for it.
 */
import type { Clock, FoundLeg } from '../call/ports.ts';
import { subscribeToChannels } from './application.ts';
import type { Leg } from './leg.ts';
import { lookAtLeg } from './leg-look.ts';
import { LEG_CALLER, LEG_MEMORY } from './leg-order.ts';
import type { AriLegs } from './legs.ts';
import { readVariables } from './question.ts';
import type { AriRequests } from './requests.ts';

/** How long a leg that has been answered may take to come to us from the dialplan, which tries every half second, in ms. */
const LANDING_MS = 1_500;

export interface LeftLegsPorts {
  readonly requests: AriRequests;
  readonly app: string;
  readonly clock: Clock;
  readonly legs: Pick<AriLegs, 'find'>;
}

export interface LeftLeg extends FoundLeg {
  /** Resolves at once, unless the leg was answered while nobody was there: then once it is in our application, or has not come in time. */
  readonly landed: Promise<unknown>;
}

/** Legs that an earlier run has left, by the channel id of the caller whom they were for. Each is owned from now on, so that nothing it does is missed. */
export async function findLegs(legIds: readonly string[], ports: LeftLegsPorts): Promise<Map<string, LeftLeg[]>> {
  const { requests, app, legs, clock } = ports;
  const found = new Map<string, LeftLeg[]>();
  const owners = legIds.map((legId) => ({ legId, owner: legs.find(legId) }));
  await subscribeToChannels(requests, app, legIds);
  const findOne = async ({ legId, owner }: { legId: string; owner: Leg }) => {
    const values = (await readVariables(requests, legId, [LEG_CALLER, LEG_MEMORY])) ?? [];
    const look = await lookAtLeg(requests, app, legId, owner);
    if (look.kind === 'gone') return;
    const isOnItsWay = look.kind === 'described' && look.channel.state === 'Up';
    const landed = isOnItsWay ? within(LANDING_MS, owner.landed, clock) : Promise.resolve();
    const [callerId = '', memory = ''] = values;
    found.set(callerId, [...(found.get(callerId) ?? []), { legId, memory, landed }]);
  };
  await Promise.all(owners.map(findOne));
  return found;
}

/** Resolves with the work, or when the time is over. */
async function within(ms: number, work: Promise<void>, clock: Clock): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, clock.sleep(ms, done.signal).catch(() => undefined)]);
  done.abort();
}
