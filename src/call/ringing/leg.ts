/** One leg of a call: a channel to one contact, and what it has come to. Pure. */

import type { Contact, Forward, LegEndKind } from '../ports.ts';

export type DeviceKind = 'mobile' | 'webapp';

export interface Leg {
  readonly legId: string;
  readonly contact: Contact;
  readonly on: DeviceKind;
  /** `answered`: Asterisk is about to connect it, or to hang it up because another was faster; `connected`: it talks, and is Asterisk's. */
  state: 'dialling' | 'ringing' | 'answered' | 'connected' | 'ended';
  /** True when it was dialled on a registration newer than the push. */
  fresh: boolean;
  /** How it ended; undefined while it lives, and for legs that we ended ourselves, unless the person declined first. */
  end: LegEndKind | undefined;
  /** Where its phone has sent the call on, when it has ended by that. */
  forward?: Forward | undefined;
  /** True once we have ordered its end. */
  dropped: boolean;
  /** True once it has rung. */
  rang: boolean;
  /** True where it was answered by another phone than the one that it was for. */
  pickedUp: boolean;
  /** It rings where its phone has sent the call on, whatever becomes of the phone's registration. */
  readonly isForward: boolean;
  /** When it was dialled, ms since 1970; and, as a monotonic reading, when it was dialled or taken over. */
  readonly dialledAtMs: number;
  readonly dialledMs: number;
}

/** It does not ring yet, and may not where its phone is not there any more. */
export function seeksPhone({ state, isForward }: Pick<Leg, 'state' | 'isForward'>): boolean {
  return state === 'dialling' && !isForward;
}

/** Whoever is there has said that it does not want the call. */
export function hasRefused({ end }: Pick<Leg, 'end'>): boolean {
  return end === 'busy' || end === 'declined';
}
