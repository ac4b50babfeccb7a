/** What a call needs of its phone, and no more of it. */
import type { Credentials } from './digest.ts';
import type { PhoneCall } from './phone-call.ts';
import type { PhoneEvents } from './phone-events.ts';
import type { UdpAddress } from './sip-address.ts';
import type { SipAgent } from './sip-agent.ts';

export interface PhoneLine {
  readonly user: string;
  readonly server: UdpAddress;
  readonly agent: SipAgent;
  readonly events: PhoneEvents;
  readonly credentials: Credentials | undefined;
  ended(call: PhoneCall): void;
}
