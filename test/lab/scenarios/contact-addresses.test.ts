/**
 * Whatever a phone registers as its address is dialled as exactly that one destination or not at all: by the router, by a dialplan that keeps its own Dial, and by the dialplan without
 * the router. A phone must never dial by way of its registration.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LabCall } from '../../../lab/caller.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { refuses, rings } from '../../../lab/phone/invite-policies.ts';
import { LOOK_UP, tellWhere } from '../../../lab/rigs/own-dial.ts';
import { STRANGE, STRANGE_DIALPLAN, STRANGE_ENDPOINT, StrangePhone } from '../../../lab/rigs/strange-contacts.ts';
import { awake } from '../../../lab/rigs/xivo-site.ts';

const ASCII = Array.from({ length: 0x7f - 0x20 }, (_, index) => String.fromCharCode(0x20 + index));
const BEYOND = ['\u00e9', '\u{1f4de}'];
/** Every character that RFC 3261 lets stand in that part, and Asterisk keeps as it is. */
const IN_USER = [..."!$&'()*+,-.=_~;?/"];
const IN_PARAMETER = [..."!$&'()*+-./:[]_~"];
const FRAUDS = [
  'sip:a&Local/0900123@to-extern',
  'sip:a,1,U(to-extern)mT',
  'sip:a&PJSIP/uc-1',
  'sip:a,uc-1,b',
  'sip:a)&Local/0900123@to-extern:5',
  'sip:a(&Local/0900123@to-extern',
  'sip:a"&Local/0900123@to-extern',
  'sip:a;x=[&Local/0900123@to-extern',
  'sip:a;x=$[1+1]&Local/0900123@to-extern',
  'sip:a;x="&Local/0900123@to-extern"',
  'sip:a;x="${' + 'SHELL(true)}"',
  'Local/0900123@to-extern',
  'sip:a?b=c&Local/0900123@to-extern',
];

/** How many contacts at once: the router rings no more of one endpoint, and what a dialplan is given has bounds in bytes. */
const ways = [
  { way: 'the router', prefix: '', router: true, atOnce: 9 },
  { way: "a dialplan's own Dial", prefix: LOOK_UP, router: true, atOnce: 24 },
  { way: 'the dialplan without the router', prefix: '', router: false, atOnce: 33 },
] as const;

/** Undoes the escapes of what needs none. */
const bare = (uri: string): string =>
  uri.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
/** That list in lots of so many. */
const inLots = (list: readonly string[], size: number): string[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
const sorted = (list: readonly string[]): string[] => [...list].sort();

describe.each([16, 22] as const)("a phone's address on Asterisk %i", (version) => {
  let lab: Lab;
  let strange: StrangePhone;
  beforeAll(async () => {
    const asterisk = { endpoints: [STRANGE_ENDPOINT], extraDialplan: STRANGE_DIALPLAN };
    lab = await startLab({ version, asterisk });
    await tellWhere(lab);
  });
  afterEach(async () => {
    await strange?.close();
    await lab.nothingRemains();
    if (!lab.router.isRunning) await lab.router.start();
  });
  afterAll(() => lab?.stop());

  /** A call to the first user, whose mobile is the strange phone. */
  async function callTo({ prefix, router }: (typeof ways)[number]): Promise<LabCall> {
    if (!router && lab.router.isRunning) await lab.router.terminate();
    return await lab.caller().call(`${prefix}1001`);
  }
  /** The same; comes back when it has left the dialplan. */
  async function callBy(way: (typeof ways)[number]): Promise<void> {
    const call = await callTo(way);
    await Promise.race([call.waitFor('answered').catch(() => undefined), call.waitFor('ended')]);
    await call.hangUp();
    await lab.ending(call);
  }
  const somebody = () =>
    lab.user({
      inRegistry: false,
      ringingDevice: 'WebAppAndMobileApp',
      mobile: awake,
      variables: { XIVO_MAPP_DEVICE: 'MobileApp', XIVO_MAPP_MOBILE_ENDPOINT: `PJSIP/${STRANGE}`, XIVO_INTERFACE: '' },
    });

  describe.each(ways)('dialled by $way', (way) => {
    it('is dialled as it was registered, whatever it is made of', async () => {
      strange = await StrangePhone.open(lab, rings());
      const alice = await somebody();
      const lists = [
        IN_USER.map((letter) => `sip:u${letter}v@${strange.host}`),
        IN_PARAMETER.map((letter) => `sip:u@${strange.host};p=a${letter}b`),
        // By the parameters that only one of them has, SIP does not tell two addresses apart.
        IN_PARAMETER.map((letter, index) => `sip:u${index}@${strange.host};p${letter}q`),
        ['sip:u:a&b@', 'sip:u%20v@', 'sip:', 'sip:uc-1,strange@'].map((part) => `${part}${strange.host}`),
      ];
      for (const uris of lists.flatMap((list) => inLots(list, way.atOnce))) {
        await strange.register(uris);
        const call = await callTo(way);
        const invited = await strange.invitedTimes(uris.length);
        await call.hangUp();
        expect(sorted(invited)).toEqual(sorted(uris));
        expect(await strange.elsewhere()).toEqual([]);
        await strange.forget();
      }
      expect(alice.webApp.calls).toEqual([]);
    });

    it('dials nobody else, whatever it looks like', async () => {
      strange = await StrangePhone.open(lab, refuses(480));
      const alice = await somebody();
      for (const fraud of FRAUDS) {
        await strange.inject([fraud]);
        await callBy(way);
        expect({ fraud, elsewhere: await strange.elsewhere() }).toEqual({ fraud, elsewhere: [] });
        await strange.forget();
      }
      expect(alice.webApp.calls).toEqual([]);
    });

    it('is dialled as one destination or left out, with all of ASCII in every position', async () => {
      strange = await StrangePhone.open(lab, refuses(480));
      const alice = await somebody();
      const letters = [...ASCII, ...BEYOND];
      const lists = [
        letters.map((letter) => `sip:u${letter}v@${strange.host}`),
        letters.map((letter) => `sip:u@${strange.host};p=a${letter}b`),
        letters.map((letter) => `sip:u@${strange.host};p="a${letter}b"`),
        ASCII.map((letter) => `sip:u@${strange.host}${letter}Local/0900@to-extern`),
      ];
      for (const some of lists.flatMap((list) => inLots(list, way.atOnce))) {
        await strange.inject(some);
        await callBy(way);
        const invited = strange.invited().map(bare);
        const known = some.map((uri) => bare(uri));
        // Asterisk leaves the headers of an address away.
        expect(invited.filter((uri) => !known.some((each) => each === uri || each.startsWith(`${uri}?`)))).toEqual([]);
        expect(new Set(invited).size).toBe(invited.length);
        expect(await strange.elsewhere()).toEqual([]);
        await strange.forget();
      }
      expect(alice.webApp.calls).toEqual([]);
    });
  });
});
