/**
 * Contacts as the phones of the field register them: with the parameters of RFC 3840, 5626, 5627 and 8599, with escapes,
 * as long as Asterisk takes them, and several in one REGISTER. Each is rung once, where a plain Dial() of the same phone
 * rings it, by every way by which a call goes.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { rings } from '../../../lab/phone/invite-policies.ts';
import {
  CONTACT_DIALPLAN,
  CONTACT_WAYS,
  ContactWays,
  FASTAGI,
  FASTAGI_LOOK_UP,
  FASTAGI_WOKEN,
  ROUTER,
} from '../../../lab/rigs/contact-ways.ts';
import { STRANGE_ENDPOINT, StrangePhone } from '../../../lab/rigs/strange-contacts.ts';

const INSTANCE = 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
/** Beside the address. */
const PARAMETERS = `;+sip.instance="<${INSTANCE}>";reg-id=1;+sip.ice;audio;q=0.7;methods="INVITE, ACK, BYE"`;
/** What Linphone, PJSIP and other clients write. */
const FORMS: Readonly<Record<string, (user: string, host: string) => string>> = {
  'a GRUU': (user, host) => `sip:${user}@${host};gr=${INSTANCE}`,
  'push ids of two services': (user, host) =>
    `sip:${user}@${host};pn-provider=apns.dev;pn-param=ABCD12.org.app.voip&remote;pn-prid=a0b1:remote&c2d3:voip;pn-silent=1`,
  'a push token': (user, host) =>
    `sip:${user}@${host};pn-provider=fcm;pn-param=123456789;pn-prid=dXQ-_a:APA91b${'Hx9_-z'.repeat(24)}`,
  'its transport': (user, host) => `sip:${user}@${host};transport=udp`,
  escapes: (user, host) => `sip:${user}%20b%40c%2Fd%26%2C%2526@${host};app-id=a%3Bb%26c%2Cd;x=%5B%24%5D`,
  'an outbound flow': (user, host) => `sip:${user}@${host};ob`,
  'a loose router': (user, host) => `sip:${user}@${host};lr`,
  'all of them': (user, host) =>
    `sip:%2B33${user}@${host};transport=udp;gr=${INSTANCE};pn-prid=a:remote&b:voip;lr;ob;x=%20`,
  'no user': (_, host) => `sip:${host};transport=udp;ob`,
  'parameters and a password': (user, host) => `sip:${user};day=tue,wed:pass&word@${host};method=INVITE;x=$1`,
};
/** The longest address that Asterisk dials. */
const LONGEST = 509;
/** What the router says of one that it cannot ring. */
const LEFT_OUT = /a phone of PJSIP\/strange is not rung: .* longer, with its Path, than Asterisk dials/;
const sorted = (list: readonly string[]): string[] => [...list].sort();

describe.each([16, 22] as const)('contacts of real phones on Asterisk %i', (version) => {
  let lab: Lab;
  let strange: StrangePhone;
  let ways: ContactWays;
  beforeAll(async () => {
    lab = await startLab({ version, asterisk: { endpoints: [STRANGE_ENDPOINT], extraDialplan: CONTACT_DIALPLAN } });
    ways = new ContactWays(lab);
    strange = await StrangePhone.open(lab, rings());
  });
  afterEach(async () => {
    await strange.forget();
    await lab.nothingRemains();
  });
  afterAll(async () => {
    await strange?.close();
    await lab?.stop();
  });

  /** An address of the longest length, with these characters in its user part. */
  function longest(user: string): string {
    const begin = `sip:${user}@${strange.host};pn-prid=`;
    return begin + 'Hx9_-z:'.repeat(LONGEST).slice(0, LONGEST - begin.length);
  }

  async function rungPlainly(uris: readonly string[]): Promise<string[]> {
    const invited: string[] = [];
    for (const uri of uris)
      invited.push(await ways.rungPlainly(strange, uri, () => strange.register([uri], PARAMETERS)));
    return invited;
  }

  describe.each(CONTACT_WAYS)('called by $way', (way) => {
    const user = way.way.replace(/\W/g, '').toLowerCase();
    beforeAll(() => ways.prepare(way));

    /** The addresses at which a phone is rung that registers these in one REGISTER. */
    function rung(uris: readonly string[], times = uris.length): Promise<string[]> {
      return ways.rung(strange, way, () => strange.register(uris, PARAMETERS), times);
    }
    /** The same, for a phone that registers them one by one, each for longer than the one before. */
    async function rungOneByOne(uris: readonly string[], times: number): Promise<string[]> {
      const register = async (): Promise<void> => {
        for (const [index, uri] of uris.entries()) await strange.register([uri], '', 60 * (index + 1));
      };
      return await ways.rung(strange, way, register, times);
    }

    it.each(Object.keys(FORMS))('one with %s is rung', async (form) => {
      const uris = [FORMS[form]?.(user, strange.host) ?? ''];
      expect(await rung(uris)).toEqual(await rungPlainly(uris));
    });

    it('several of one REGISTER are rung, each once', async () => {
      const forms = Object.values(FORMS).slice(0, 9);
      const uris = forms.map((form, index) => form(`${user}-${index}`, strange.host));
      if (way === FASTAGI_WOKEN) {
        // The first of which Asterisk tells ends the wait; others of which it has told by then are dialled with it.
        const invited = await rung(uris, 1);
        const plainly = await rungPlainly(uris);
        expect(plainly).toEqual(expect.arrayContaining(invited));
        expect(invited.length).toBeGreaterThan(0);
        expect(new Set(invited).size).toBe(invited.length);
        return;
      }
      expect(sorted(await rung(uris))).toEqual(sorted(await rungPlainly(uris)));
    });

    it('the longest that Asterisk takes is rung', async () => {
      const uris = [longest(user)];
      expect(await rung(uris)).toEqual(uris);
      expect(await rungPlainly(uris)).toEqual(uris);
    });

    it('one that only its escapes make too long is rung by the name of its endpoint', async () => {
      const uris = [longest(`${user},b,c`)];
      expect(await rung(uris)).toEqual(uris);
      expect(await rungPlainly(uris)).toEqual(uris);
    });

    // What is left out has no wake to wait for.
    if (way.isWoken) return;

    it('beside another one it is left out, and the log says so', async () => {
      const uris = [longest(`${user},b,c`), `sip:${user}@${strange.host}`];
      await strange.newInLog();
      const told = way.hasRouter ? lab.router.log.waitFor(LEFT_OUT, SOON_MS, nowMs()) : undefined;
      expect(await rung(uris, 1)).toEqual(uris.slice(1));
      await told;
      if (!way.hasRouter)
        expect((await strange.newInLog()).join('\n')).toMatch(
          /contact .* is not rung: its address with its Path is longer/,
        );
    });

    it('of eight long ones as many are rung as that way can bear, each once', async () => {
      const uris = Array.from({ length: 8 }, (_, index) => longest(`${user}-${index}`));
      // The router orders a leg for each. Of what FastAGI can set, and what the dialplan can join, the bounds are in bytes.
      const expected = new Map([
        [ROUTER, uris],
        [FASTAGI, uris.slice(1)],
        [FASTAGI_LOOK_UP, uris.slice(1)],
      ]).get(way);
      const invited = await rungOneByOne(uris, expected?.length ?? 6);
      expect(sorted(invited)).toEqual(expected ?? sorted(uris.filter((uri) => invited.includes(uri))));
      expect(invited).toHaveLength(expected?.length ?? 6);
    });
  });
});
