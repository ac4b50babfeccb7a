/**
 * The adapter on a real Asterisk, without the router: callers enter the application by way of the project's own dialplan, which also connects whoever answers; the test plays the call. Between adapter and Asterisk stands
 * a cable that can be cut. After each test: no channel, bridge, note, subscription, contact or socket.
 *
 *     const lab = await startAriLab(16);
 *     const { caller, call } = await lab.arrive('early');           // early, ring, bare, up: what the dialplan did before Stasis()
 *     const mobile = await lab.phone('mobile');                     // registered; lab.callerIdOf(mobile) is "Lucie" <1001>
 *     const leg = await lab.dial(caller, mobile);                   // leg.events, leg.waitFor('answered')
 *     await lab.clear(); await lab.stop();
 */
import { randomBytes } from 'node:crypto';
import { type LabAsterisk, startAsterisk } from '../../../lab/asterisk/asterisk.ts';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import type { OutgoingCall } from '../../../lab/phone/outgoing-call.ts';
import { createPhone, type Phone } from '../../../lab/phone/phone.ts';
import type { CallOptions } from '../../../lab/phone/phone-options.ts';
import { Cable } from '../../../lab/rigs/proxy.ts';
import { type Asterisk, connectAsterisk } from '../../../src/asterisk/asterisk.ts';
import type { Arrival } from '../../../src/asterisk/resync/arrivals.ts';
import type { Caller, Contact, DialRequest, LegEvent, Log, Watch } from '../../../src/call/ports.ts';
import type { LostCall } from '../../../src/call/router.ts';
import { systemClock } from '../../../src/system/clock.ts';
import { type Told, toldLog } from '../../asterisk/told-log.ts';

export const SOON_MS = 30_000;
const APP = 'mapp-lab';

/** Where a call goes on after the application: BUSY is told from the rest by the caller's final status. To `bare`, a Stasis() without our dialplan before it, nobody has sent 180. */
const DIALPLAN = `
[from-extern](+)
exten => early,1,Progress()
 same => n,Goto(enter,s,1)
exten => ring,1,Ringing()
 same => n,Goto(enter,s,1)
exten => bare,1,Stasis(${APP},user-42)
 same => n,Goto(enter,gone-on,1)
exten => up,1,Answer()
 same => n,Goto(enter,s,1)
exten => french,1,Set(CHANNEL(language)=fr)
 same => n,Goto(early,1)
[enter]
exten => s,1,Set(HELD="quoted, \${DOLLAR} value")
 same => n,Set(XIVO_MAPP_APP=${APP})
 same => n,Gosub(xivo-mapp-route,s,1(user-42))
 same => n,Goto(gone-on,1)
exten => gone-on,1,Hangup(\${IF($["\${XIVO_MAPP_STATUS}/\${XIVO_MAPP_REASON}" = "BUSY/on-the-phone"]?17:21)})
`;

export interface LabArrival {
  readonly caller: Caller;
  readonly userId: string;
  readonly arrival: Arrival['how'];
  readonly legs: Arrival['legs'];
}

export interface LabLeg {
  readonly legId: string;
  readonly events: LegEvent[];
  waitFor(kind: LegEvent['kind']): Promise<LegEvent>;
}

function until<T>(look: () => T | undefined, what: string): Promise<T> {
  return awaitThat(
    async () => look(),
    SOON_MS,
    async () => `waited in vain for ${what}`,
  );
}

export async function startAriLab(version: 16 | 22): Promise<AriLab> {
  const asterisk = await startAsterisk({
    version,
    stasisApp: APP,
    mohDefault: 'tone',
    endpoints: [{ name: 'mobile', callerId: '"Lucie" <1001>', video: true }, { name: 'nameless' }, { name: 'tablet' }],
    trunk: { video: true },
    globals: 'XIVO_MAPP_PLAY_MSG = "True"\nXIVO_MAPP_LOOPS_INTERVAL = 7',
    extraDialplan: DIALPLAN,
  });
  const cable = await Cable.start(Number(new URL(asterisk.ariUrl).port));
  const lab = new AriLab(asterisk, cable);
  await lab.connect();
  return lab;
}

export class AriLab {
  readonly asterisk: LabAsterisk;
  readonly cable: Cable;
  readonly arrivals: LabArrival[] = [];
  /** Calls of an earlier run that wait no more. */
  readonly lost: LostCall[] = [];
  readonly log: Log & { readonly told: Told[] } = toldLog();
  #pbx: Asterisk | undefined;
  #phones: Phone[] = [];
  #watches: Watch[] = [];
  #legCount = 0;
  callId = 'xm-00000000000000ab';

  constructor(asterisk: LabAsterisk, cable: Cable) {
    this.asterisk = asterisk;
    this.cable = cable;
  }

  get pbx(): Asterisk {
    if (this.#pbx === undefined) throw new Error('the lab is not connected');
    return this.#pbx;
  }

  /** Connects, as a starting router does; after disconnect() as its next run. */
  async connect(): Promise<void> {
    this.#pbx = connectAsterisk({
      url: `http://127.0.0.1:${this.cable.port}`,
      username: this.asterisk.ariUsername,
      password: this.asterisk.ariPassword,
      app: APP,
      log: this.log,
      clock: systemClock,
    });
    this.#pbx.onCaller(
      ({ caller, userId, how: arrival, legs }) => {
        this.arrivals.push({ caller, userId, arrival, legs });
      },
      (call) => this.lost.push(call),
    );
    await this.connected();
  }

  async connected(): Promise<void> {
    await until(() => (this.pbx.trouble() === undefined ? true : undefined), `a connection: ${this.pbx.trouble()}`);
  }

  async disconnect(): Promise<void> {
    await this.#pbx?.close();
    this.#pbx = undefined;
  }

  /** The next caller that is offered. */
  async nextArrival(): Promise<LabArrival> {
    await until(() => this.arrivals[0], 'a caller');
    const arrival = this.arrivals.shift();
    if (arrival === undefined) throw new Error('no caller');
    return arrival;
  }

  /** Carol calls, and the dialplan gives her channel to the application. */
  async arrive(
    extension: 'early' | 'ring' | 'bare' | 'up' | 'french',
    options: CallOptions = {},
  ): Promise<LabArrival & { readonly call: OutgoingCall }> {
    const carrier = await this.#phone({ user: 'trunk', host: this.asterisk.trunkAddress, toneHz: 600 });
    this.callId = `xm-${randomBytes(8).toString('hex')}`;
    const call = await carrier.call(extension, { fromNumber: '0612345678', fromName: 'Carol', ...options });
    const arrival = await this.nextArrival();
    // As in every call: by this the caller may stay, and the adapter learns whether the dialplan can connect anybody.
    await arrival.caller.read({ variables: [], globals: [], contactsOf: [] });
    return { ...arrival, call };
  }

  /** A phone on that endpoint, registered. */
  async phone(user: 'mobile' | 'nameless' | 'tablet', toneHz = 1300): Promise<Phone> {
    const phone = await this.#phone({ user, password: user, toneHz });
    await phone.register();
    return phone;
  }

  contactOf(phone: Phone): Contact {
    const uri = phone.registered?.contactUri ?? '';
    return { endpoint: `PJSIP/${phone.user}`, uri, expiresAtSec: undefined };
  }

  /** Orders a leg to the phone. */
  async dial(caller: Caller, phone: Phone, change: Partial<DialRequest> = {}): Promise<LabLeg> {
    this.#legCount += 1;
    const legId = `${this.callId}-leg-${String(this.#legCount).padStart(4, '0')}`;
    const events: LegEvent[] = [];
    const request: DialRequest = {
      legId,
      contact: this.contactOf(phone),
      on: 'mobile',
      calleeUserId: 'user-42',
      caller: caller.party,
      callee: { name: '', number: '' },
      ringMs: 20_000,
      forChannelId: caller.channelId,
      checkpoint: '',
      ...change,
    };
    await this.pbx.legs.dial(request, (event) => events.push(event));
    const waitFor = (kind: LegEvent['kind']) => until(() => events.find((event) => event.kind === kind), `leg ${kind}`);
    return { legId, events, waitFor };
  }

  /** Watches the endpoints through the caller's channel; `seen` grows by what is told. */
  async watch(
    caller: Caller,
    known: readonly Contact[],
    endpoints: readonly string[],
  ): Promise<Watch & { readonly seen: Contact[] }> {
    const seen: Contact[] = [];
    const watch = await this.pbx.registrations.watch(endpoints, known, caller.channelId, {
      onContact: (contact) => seen.push(contact),
      onPhone: () => {},
      onGone: () => {},
    });
    this.#watches.push(watch);
    return { ...watch, seen };
  }

  /** Ends what the test left, and throws when anything stays behind in Asterisk or in a phone. */
  async clear(): Promise<void> {
    this.cable.mend();
    this.lost.length = 0;
    await Promise.all(this.arrivals.splice(0).map(({ caller }) => caller.hangUp()));
    await Promise.all(this.#watches.splice(0).map((watch) => watch.close()));
    for (const phone of this.#phones) await Promise.all(phone.calls.map((call) => call.hangUp()));
    await Promise.all(this.#phones.map((phone) => phone.close()));
    const open = this.#phones.flatMap((phone) => phone.leftovers());
    this.#phones = [];
    if (open.length > 0) throw new Error(`phones left behind: ${open.join(', ')}`);
    await this.asterisk.cli('database deltree registrar');
    await this.asterisk.awaitNothingLeft();
  }

  async stop(): Promise<void> {
    await this.disconnect();
    await this.cable.stop();
    await this.asterisk.stop();
  }

  async #phone(options: Omit<Parameters<typeof createPhone>[0], 'server'>): Promise<Phone> {
    const server = { host: this.asterisk.sipHost, port: this.asterisk.sipPort };
    const phone = await createPhone({ ...options, server });
    this.#phones.push(phone);
    return phone;
  }
}
