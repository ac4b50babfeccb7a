/**
 * Phones that do not register by UDP of IPv4: by IPv6, by TCP, by TLS and by WebSockets. Each is rung where a plain Dial()
 * of the same phone rings it, by every way by which a call goes.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HAS_IPV6 } from '../../../lab/asterisk/transports-conf.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { rings } from '../../../lab/phone/invite-policies.ts';
import type { PhoneOptions } from '../../../lab/phone/phone-options.ts';
import { CONTACT_DIALPLAN, CONTACT_WAYS, ContactWays } from '../../../lab/rigs/contact-ways.ts';
import { StrangePhone } from '../../../lab/rigs/strange-contacts.ts';

interface Kind {
  readonly name: string;
  readonly options: (lab: Lab) => Partial<PhoneOptions>;
  /** The end of its contact, behind `sip:<user>@`. */
  readonly contact: (host: string) => string;
  readonly rewritten?: boolean;
  readonly needsIpv6?: boolean;
}

const PUSH = 'pn-prid=a0b1:remote&c2d3:voip';
const atIpv6 = ({ asterisk }: Lab) => ({ host: '[::1]', server: { host: '[::1]', port: asterisk.sipPort } });
const KINDS: readonly Kind[] = [
  { name: 'udp6', options: atIpv6, contact: (host) => `${host};${PUSH}`, needsIpv6: true },
  {
    name: 'tcp6',
    options: (lab) => ({ ...atIpv6(lab), transport: 'tcp' }),
    contact: (host) => `${host};transport=tcp;${PUSH}`,
    needsIpv6: true,
  },
  { name: 'tcp', options: () => ({ transport: 'tcp' }), contact: (host) => `${host};transport=tcp;${PUSH}` },
  {
    name: 'tls',
    options: ({ asterisk }) => ({ transport: 'tls', server: { host: '127.0.0.1', port: asterisk.tlsPort ?? 0 } }),
    contact: (host) => `${host};transport=tls;${PUSH}`,
  },
  {
    name: 'ws',
    options: ({ asterisk }) => ({
      transport: 'ws',
      server: { host: '127.0.0.1', port: Number(new URL(asterisk.ariUrl).port) },
    }),
    // A browser knows neither its address nor its port.
    contact: () => `df7jal23ls0d.invalid;transport=ws;${PUSH}`,
    rewritten: true,
  },
];
const kinds = KINDS.filter(({ needsIpv6 }) => HAS_IPV6 || needsIpv6 !== true);
if (!HAS_IPV6) console.log('Phones with IPv6 are left out: the loopback of this machine has no ::1');

describe.each([16, 22] as const)('phones of other transports on Asterisk %i', (version) => {
  let lab: Lab;
  let ways: ContactWays;
  const phones = new Map<string, StrangePhone>();
  beforeAll(async () => {
    const endpoints = kinds.map(({ name, rewritten }) => ({
      name,
      transport: '',
      extra: rewritten === true ? ['rewrite_contact=yes'] : [],
    }));
    lab = await startLab({ version, asterisk: { transports: true, endpoints, extraDialplan: CONTACT_DIALPLAN } });
    ways = new ContactWays(lab);
    for (const { name, options } of kinds)
      phones.set(name, await StrangePhone.open(lab, rings(), { user: name, ...options(lab) }));
  });
  afterEach(async () => {
    await Promise.all([...phones.values()].map((phone) => phone.forget()));
    await lab.nothingRemains();
  });
  afterAll(async () => {
    for (const phone of phones.values()) await phone.close();
    await lab?.stop();
  });

  describe.each(CONTACT_WAYS)('called by $way', (way) => {
    beforeAll(() => ways.prepare(way));

    it.each(kinds)('$name is rung', async ({ name, contact }) => {
      const phone = phones.get(name);
      if (phone === undefined) throw new Error(`There is no phone ${name}`);
      const uri = `sip:${name}@${contact(phone.host)}`;
      const register = () => phone.register([uri]);
      const invited = await ways.rung(phone, way, register, 1);
      expect(invited).toEqual([await ways.rungPlainly(phone, uri, register)]);
    });
  });
});
