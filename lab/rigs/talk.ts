/**
 * A conversation of two, seen from either side: whoever acts, the other is the one to whom it happens. It tells what became of a party, and judges nothing.
 */
import { z } from 'zod';
import { channelVariable } from '../asterisk/channel-variable.ts';
import type { Callee } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import { type Handset, SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { nowMs } from '../phone/clock.ts';
import type { Phone } from '../phone/phone.ts';
import type { PhoneCall } from '../phone/phone-call.ts';
import { deskUser, type Way } from './office.ts';

export type Side = 'caller' | 'callee';

export interface Party {
  readonly name: string;
  readonly phone: Phone;
  readonly call: PhoneCall;
}

export interface Talk {
  readonly lab: Lab;
  readonly way: Way;
  readonly user: Callee;
  readonly call: LabCall;
  readonly caller: Party;
  readonly callee: Party;
}

/** Somebody outside calls a user that way, who answers; both hear each other. */
export async function talk(lab: Lab, way: Way): Promise<Talk> {
  const user = await deskUser(lab, way);
  const call = await lab.caller().call(way.numberOf(user));
  await user.webApp.answer();
  await call.talksWith(user.webApp);
  const caller: Party = { name: 'caller', phone: call.caller.phone, call: call.sip };
  return { lab, way, user, call, caller, callee: partyOf('callee', user.webApp) };
}

export function partyOf(name: string, handset: Handset): Party {
  return { name, phone: handset.phone, call: handset.call };
}

/** The one who acts, and the other. */
export function sides(talk: Talk, by: Side): { readonly actor: Party; readonly other: Party } {
  return by === 'caller' ? { actor: talk.caller, other: talk.callee } : { actor: talk.callee, other: talk.caller };
}

/** Waits until the two hear each other from now on. */
export async function hearEachOther(one: Party, other: Party, sinceMs = nowMs()): Promise<void> {
  await Promise.all([
    one.call.waitUntilHears(other.phone.toneHz, SOON_MS, sinceMs),
    other.call.waitUntilHears(one.phone.toneHz, SOON_MS, sinceMs),
  ]);
}

/** Hangs up whatever these phones still have. */
export async function hangUpAll(phones: readonly Phone[]): Promise<void> {
  const live = phones.flatMap((phone) => phone.calls.filter((call) => !call.hasEnded));
  await Promise.all(live.map((call) => call.hangUp()));
}

const channelsSchema = z.array(z.object({ id: z.string(), name: z.string() }));

/** The channel at Asterisk's end of a phone's call. */
export async function channelOf(
  lab: Lab,
  { callId }: PhoneCall,
): Promise<{ readonly id: string; readonly name: string }> {
  const channels = channelsSchema.parse((await lab.asterisk.ari('GET', '/channels')).body);
  for (const channel of channels.filter(({ name }) => name.startsWith('PJSIP/'))) {
    if ((await channelVariable(lab.asterisk, channel.id, 'CHANNEL(pjsip,call-id)')) === callId) return channel;
  }
  throw new Error(`No channel has the call ${callId}: ${channels.map(({ name }) => name).join(', ')}`);
}
