/**
 * A callee: a user of the registry with phones. What a scenario leaves out is what most users have: an Android mobile that a push wakes, and a UC
 * Assistant that is registered, each where the ringing device has it.
 */
import type { LabAsterisk } from './asterisk/asterisk.ts';
import { Handset } from './handset.ts';
import { Mobile, type MobileSpec } from './mobile.ts';
import type { InvitePolicy } from './phone/invite-policies.ts';
import { createPhone, type Phone } from './phone/phone.ts';
import type { PhoneOptions } from './phone/phone-options.ts';
import type { PushServices } from './push/services.ts';
import type { Seat, Traits } from './seats.ts';

type RingingDevice = 'WebApp' | 'MobileApp' | 'WebAppAndMobileApp';

interface WebAppSpec {
  /** Registered unless said. */
  readonly isRegistered?: boolean;
  /** What it does with a call by itself; it rings unless said. */
  readonly does?: InvitePolicy;
  readonly name?: string;
  readonly toneHz?: number;
}

export interface UserSpec extends Traits {
  readonly ringingDevice: RingingDevice;
  /** The one mobile. */
  readonly mobile?: MobileSpec;
  /** Several mobiles, or none with []; all on the user's one mobile endpoint. */
  readonly mobiles?: readonly MobileSpec[];
  readonly webApp?: WebAppSpec;
  /** false: the router's registry does not hear of this user. */
  readonly inRegistry?: boolean;
}

export class Callee {
  readonly userId: string;
  /** The number that reaches the user. */
  readonly number: string;
  readonly seat: Seat;
  readonly mobiles: readonly Mobile[];
  readonly #webApp: Handset | undefined;

  constructor(seat: Seat, mobiles: readonly Mobile[], webApp: Handset | undefined) {
    this.seat = seat;
    this.userId = seat.userId;
    this.number = seat.userId;
    this.mobiles = mobiles;
    this.#webApp = webApp;
  }

  /** The first mobile. Throws when the user has none. */
  get mobile(): Mobile {
    const [first] = this.mobiles;
    if (first === undefined) throw new Error(`user ${this.userId} has no mobile: say \`mobile: {}\` to lab.user()`);
    return first;
  }

  /** The UC Assistant. Throws when the user has none. */
  get webApp(): Handset {
    if (this.#webApp === undefined) {
      throw new Error(`user ${this.userId} has no UC Assistant: say \`webApp: {}\` to lab.user()`);
    }
    return this.#webApp;
  }

  get handsets(): readonly Handset[] {
    return this.#webApp === undefined ? this.mobiles : [...this.mobiles, this.#webApp];
  }
}

/** The user's phones, on the seat's endpoints, each in the state in which the call shall find it. */
export async function seatCallee(
  seat: Seat,
  spec: UserSpec,
  asterisk: LabAsterisk,
  push: PushServices,
): Promise<Callee> {
  const server = { host: asterisk.sipHost, port: asterisk.sipPort };
  const phoneOf = (
    account: string,
    name: string,
    toneHz: number | undefined,
    audio: PhoneOptions['audio'] = {},
  ): Promise<Phone> =>
    createPhone({ user: account, password: account, server, name, audio, ...(toneHz === undefined ? {} : { toneHz }) });

  const { ringingDevice } = spec;
  const mobileSpecs = spec.mobiles ?? (spec.mobile ? [spec.mobile] : ringingDevice === 'WebApp' ? [] : [{}]);
  const mobiles: Mobile[] = [];
  for (const [index, mobileSpec] of mobileSpecs.entries()) {
    const usual = index === 0 ? seat.mobileEndpoint : `${seat.mobileEndpoint}-${index + 1}`;
    const phone = await phoneOf(seat.mobileEndpoint, mobileSpec.name ?? usual, mobileSpec.toneHz, mobileSpec.audio);
    mobiles.push(new Mobile(phone, `PJSIP/${seat.mobileEndpoint}`, { deviceId: usual, ...mobileSpec }, push));
  }
  const webAppSpec = spec.webApp ?? (ringingDevice === 'MobileApp' ? undefined : {});
  let webApp: Handset | undefined;
  if (webAppSpec !== undefined) {
    const phone = await phoneOf(seat.webAppEndpoint, webAppSpec.name ?? seat.webAppEndpoint, webAppSpec.toneHz);
    if (webAppSpec.does !== undefined) phone.onInvite(webAppSpec.does);
    webApp = new Handset(phone, `PJSIP/${seat.webAppEndpoint}`);
    if (webAppSpec.isRegistered !== false) await phone.register();
  }
  for (const mobile of mobiles) await mobile.settle();
  return new Callee(seat, mobiles, webApp);
}

/** The user as PUT /v1/users/{userId} takes it. */
export function userBody(callee: Callee, spec: UserSpec): object {
  const hasMobile = callee.mobiles.length > 0 || spec.ringingDevice !== 'WebApp';
  const hasWebApp = spec.webApp !== undefined || spec.ringingDevice !== 'MobileApp';
  return {
    ringingDevice: spec.ringingDevice,
    ...(hasMobile ? { mobileEndpoint: `PJSIP/${callee.seat.mobileEndpoint}` } : {}),
    ...(hasWebApp ? { webAppEndpoint: `PJSIP/${callee.seat.webAppEndpoint}` } : {}),
  };
}

/** A mobile as PUT /v1/users/{userId}/devices/{deviceId} takes it. */
export function deviceBody({ platform, token, alertToken }: Mobile): object {
  return { platform, token, ...(alertToken === undefined ? {} : { alertToken }), model: 'lab phone' };
}
