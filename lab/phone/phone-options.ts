/**
 * What a scenario says when it makes a phone and when that phone calls. All but the account and the server has a usual value.
 */
import type { AudioOptions } from './call-audio.ts';
import type { UdpAddress } from './sip-address.ts';
import type { SipHeader } from './sip-message.ts';
import type { Transport } from './sip-wire.ts';

export interface PhoneOptions {
  /** Account name: the user part of its URIs, and the login. */
  readonly user: string;
  /** Without one the phone answers no digest challenge (a trunk that is known by its address). */
  readonly password?: string;
  readonly server: UdpAddress;
  /** The name in traces and events; the user when left out. */
  readonly name?: string;
  /** Loopback address to bind to, 127.0.0.1 when left out; a trunk takes another, such as 127.0.0.2. `[::1]` is IPv6. */
  readonly host?: string;
  /** How it speaks to its server, by UDP when left out. */
  readonly transport?: Transport;
  /** Its port, any free one when left out. */
  readonly port?: number;
  /** The tone by which others know this phone, 550 to 3400 Hz; one is chosen when left out. */
  readonly toneHz?: number;
  readonly audio?: Partial<AudioOptions>;
}

export interface CallOptions {
  readonly fromNumber?: string;
  readonly fromName?: string;
  /** The Call-ID; a random one when left out. */
  readonly callId?: string;
  readonly video?: boolean;
  readonly neverAck?: boolean;
  readonly headers?: readonly SipHeader[];
  readonly audio?: Partial<AudioOptions>;
}
