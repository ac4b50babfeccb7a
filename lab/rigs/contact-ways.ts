/**
 * Every way by which a call goes to a phone's contacts, and the addresses at which that phone is rung by each; the plain
 * Dial() of the same phone is the control. The rig tells what was rung and judges nothing.
 */
import type { Lab } from '../lab.ts';
import { LOOK_UP, OWN_DIAL, tellWhere } from './own-dial.ts';
import { STRANGE_DIALPLAN, type StrangePhone } from './strange-contacts.ts';

/** Before an endpoint's name: a Dial() of it, without us. */
const PLAIN = '41';

export const CONTACT_DIALPLAN = `${STRANGE_DIALPLAN}
[lab-did](+)
exten => _${PLAIN}.,1,Dial(PJSIP/\${EXTEN:${PLAIN.length}},5)
 same => n,Hangup()
`;

export interface ContactWay {
  readonly way: string;
  /** Before a callee's number. */
  readonly prefix: string;
  readonly hasRouter: boolean;
  /** The phone registers when it is pushed, and not before the call. */
  readonly isWoken: boolean;
}

export const ROUTER: ContactWay = { way: 'the router', prefix: '', hasRouter: true, isWoken: false };
export const FASTAGI: ContactWay = { way: 'FastAGI', prefix: OWN_DIAL, hasRouter: true, isWoken: false };
export const FASTAGI_WOKEN: ContactWay = { ...FASTAGI, way: 'FastAGI, once woken', isWoken: true };
export const FASTAGI_LOOK_UP: ContactWay = { ...FASTAGI, way: "FastAGI's look-up", prefix: LOOK_UP };
const DIALPLAN: ContactWay = { ...ROUTER, way: 'the dialplan without the router', hasRouter: false };

export const CONTACT_WAYS: readonly ContactWay[] = [
  ROUTER,
  { ...ROUTER, way: 'the router, once woken', isWoken: true },
  FASTAGI,
  FASTAGI_WOKEN,
  FASTAGI_LOOK_UP,
  DIALPLAN,
];

export class ContactWays {
  readonly #lab: Lab;
  readonly #plainly = new Map<string, string>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Starts or ends the router, as that way has it. */
  async prepare({ hasRouter }: ContactWay): Promise<void> {
    const { router } = this.#lab;
    if (hasRouter && !router.isRunning) await router.start();
    if (!hasRouter && router.isRunning) await router.terminate();
    if (hasRouter) await tellWhere(this.#lab);
  }

  /** The addresses at which that phone, which `register` registers, is rung by a call that goes that way: at so many at least. */
  async rung(
    phone: StrangePhone,
    { prefix, isWoken }: ContactWay,
    register: () => Promise<void>,
    times: number,
  ): Promise<string[]> {
    const alice = await this.#lab.user({
      inRegistry: isWoken,
      ringingDevice: 'MobileApp',
      mobile: {},
      variables: {
        XIVO_MAPP_DEVICE: 'MobileApp',
        XIVO_MAPP_MOBILE_ENDPOINT: `PJSIP/${phone.name}`,
        XIVO_INTERFACE: '',
      },
    });
    if (!isWoken) await register();
    const woken = Promise.withResolvers<void>();
    alice.mobile.onPush = ({ payload }) => {
      if (isWoken && payload.type === 'incoming-call') register().then(woken.resolve, woken.reject);
    };
    const call = await this.#lab.caller().call(`${prefix}${alice.number}`);
    if (isWoken) await woken.promise;
    const invited = await phone.invitedTimes(times);
    await call.hangUp();
    await this.#lab.ending(call);
    return [...invited, ...phone.invited()];
  }

  /** The address at which that phone is rung by a plain Dial() while it has but this contact; the same is asked but once. */
  async rungPlainly(phone: StrangePhone, uri: string, register: () => Promise<void>): Promise<string> {
    const key = `${phone.name} ${uri}`;
    const known = this.#plainly.get(key);
    if (known !== undefined) return known;
    await phone.forget();
    await register();
    const call = await this.#lab.caller().call(`${PLAIN}${phone.name}`);
    const [invited = ''] = await phone.invitedTimes(1);
    await call.hangUp();
    await phone.forget();
    this.#plainly.set(key, invited);
    return invited;
  }
}
