/**
 * A phone that chooses its contacts' addresses by itself, as any phone can, and an outside line that must never be dialled by way of them. What the phone registers is registered by SIP; what
 * no registrar takes is put where Asterisk keeps its contacts. The rig tells what was dialled and judges nothing.
 */
import { readFile } from 'node:fs/promises';
import { awaitThat } from '../asterisk/deadline.ts';
import type { Lab } from '../lab.ts';
import type { InvitePolicy } from '../phone/invite-policies.ts';
import { createPhone, type Phone, type PhoneOptions } from '../phone/phone.ts';
import { ALL_OF_THEM } from '../phone/registration.ts';
import { OWN_DIALPLAN } from './own-dial.ts';

export const STRANGE = 'strange';
/** Written to Asterisk's log by whoever reaches the outside line. */
const OUTSIDE = 'LAB-OUTSIDE';

export const STRANGE_ENDPOINT = { name: STRANGE, maxContacts: 200 } as const;
/** The dialplan with FastAGI, and an outside line. */
export const STRANGE_DIALPLAN = `${OWN_DIALPLAN}
[to-extern]
exten => _[0-9a-zA-Z]!,1,Log(NOTICE,${OUTSIDE} \${EXTEN})
 same => n,Hangup(1)
[lab-inject]
exten => s,1,Set(AT=0)
 same => n,While($[\${AT} < \${COUNT}])
 same => n,Set(DB(registrar/contact/${STRANGE}\\;@\${AT})=\${CONTACT_\${AT}})
 same => n,Set(AT=$[\${AT} + 1])
 same => n,EndWhile()
 same => n,Hangup()
`;

export class StrangePhone {
  readonly #lab: Lab;
  readonly #phone: Phone;
  /** The name of its account. */
  readonly name: string;
  #logRead = 0;
  #hasRegistered = false;
  #hasInjected = false;
  /** Addresses by Call-ID. */
  readonly #invites = new Map<string, string>();

  private constructor(lab: Lab, phone: Phone) {
    this.#lab = lab;
    this.#phone = phone;
    this.name = phone.user;
    phone.trace.on(({ direction, firstLine, text }) => {
      const [, address] = /^INVITE (.*) SIP\/2\.0$/.exec(firstLine) ?? [];
      const callId = /^call-id: *(.*)$/im.exec(text)?.[1] ?? '';
      if (direction === 'in' && address !== undefined) this.#invites.set(callId, address);
    });
  }

  /** Of the account STRANGE, by UDP, unless said. */
  static async open(lab: Lab, does: InvitePolicy, options: Partial<PhoneOptions> = {}): Promise<StrangePhone> {
    const server = { host: lab.asterisk.sipHost, port: lab.asterisk.sipPort };
    const user = options.user ?? STRANGE;
    const phone = await createPhone({ user, password: user, server, ...options });
    phone.onInvite(does);
    const strange = new StrangePhone(lab, phone);
    await strange.newInLog();
    return strange;
  }

  /** `127.0.0.1:<port>`, where the phone is. */
  get host(): string {
    const { host, port } = this.#phone.address;
    return `${host}:${port}`;
  }

  /** REGISTER of these addresses, in one request, each with these parameters beside it. */
  async register(uris: readonly string[], contactParameters = '', expiresSec = 600): Promise<void> {
    this.#hasRegistered = true;
    await this.#phone.register({ contactUris: uris, contactParameters, expiresSec });
  }

  /** Contacts as Asterisk would keep them, whatever is in them. */
  async inject(uris: readonly string[]): Promise<void> {
    this.#hasInjected = true;
    const variables = Object.fromEntries(uris.map((uri, index) => [`CONTACT_${index}`, kept(uri)]));
    const { asterisk } = this.#lab;
    const idle = { endpoint: 'Local/s@lab-idle', context: 'lab-inject', extension: 's', priority: 1 };
    await asterisk.ari('POST', '/channels', {}, { ...idle, variables: { ...variables, COUNT: String(uris.length) } });
    await awaitThat(
      async () => ((await asterisk.leftovers()).channels.length === 0 ? true : undefined),
      10_000,
      async () => 'the contacts are not in place',
    );
  }

  /** The addresses that Asterisk has sent an INVITE for since the last time, each as often as it did; one that was sent again on its way counts once. */
  invited(): string[] {
    const addresses = [...this.#invites.values()];
    this.#invites.clear();
    return addresses;
  }

  /** Waits for so many calls. Gives their addresses. */
  async invitedTimes(count: number): Promise<string[]> {
    const tell = async (): Promise<string> => `invited: ${[...this.#invites.values()].join(' ')}`;
    await awaitThat(async () => (this.#invites.size >= count ? true : undefined), 10_000, tell);
    return this.invited();
  }

  /** What was reached since the last time by way of the dialplan that is not this phone. */
  async elsewhere(): Promise<string[]> {
    const reached = new RegExp(`NOTICE.*${OUTSIDE}|app_dial.c: Called (?!PJSIP/${STRANGE}(?:/|$))`);
    return (await this.newInLog()).filter((line) => reached.test(line));
  }

  async newInLog(): Promise<string[]> {
    const text = await readFile(this.#lab.asterisk.logFile, 'utf8');
    const fresh = text.slice(this.#logRead).split('\n');
    this.#logRead = text.length;
    return fresh;
  }

  /**
   * Takes its registrations off, by SIP: what is taken out of Asterisk's database behind its back is not announced when
   * it comes again. That is for what no registrar takes.
   */
  async forget(): Promise<void> {
    if (this.#hasRegistered) await this.#phone.register({ contactUris: [ALL_OF_THEM], expiresSec: 0 });
    this.#hasRegistered = false;
    if (this.#hasInjected) await this.#lab.asterisk.cli('database deltree registrar');
    this.#hasInjected = false;
  }

  async close(): Promise<void> {
    await this.forget();
    await this.#phone.close();
  }
}

/** A contact as Asterisk's database has it. */
function kept(uri: string): string {
  const contact = { uri, expiration_time: '4000000000', endpoint: STRANGE, qualify_frequency: '0', reg_server: '' };
  return JSON.stringify(contact).replace(/[^\w ":,{}.@=-]/g, (letter) => {
    return `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
