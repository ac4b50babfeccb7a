/** What a look-up tells a dialplan, and what of a phone's own address may get into its Dial. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DialplanStory } from '../../lab/fakes/dialplan.ts';
import { MOBILE, WEBAPP } from '../../lab/fakes/world.ts';
import { addressOf, dialString } from '../../src/call/own-dial/dial-string.ts';

const OLD = 'sip:old@10.0.0.1:4000';
const UC = 'sip:uc@10.0.0.9';

describe('a look-up', () => {
  it('says what the registry knows and who is registered, pushes nobody and is no call', async () => {
    const story = new DialplanStory('WebAppAndMobileApp')
      .registered(WEBAPP, UC, {})
      .registered(MOBILE, OLD, {})
      .sleepingMobile('phone', { wakesAfterMs: 100 });
    await story.ask('lookup');
    expect(story.told).toEqual(['READY', 'registered', `${MOBILE}/${OLD}&${WEBAPP}/${UC}`]);
    expect(Object.fromEntries(story.pbx.written)).toMatchObject({
      XIVO_MAPP_DEVICE: 'WebAppAndMobileApp',
      XIVO_MAPP_MOBILE_ENDPOINT: MOBILE,
      XIVO_MAPP_WEBAPP_ENDPOINT: WEBAPP,
    });
    expect(story.woken).toEqual([]);
    expect(story.callHistory.calls.size).toBe(0);
    story.theDialplanGoesOn();
  });

  it('leaves alone what the channel says', async () => {
    const story = new DialplanStory('MobileApp').registered('PJSIP/other', UC, {});
    story.pbx.variables.set('XIVO_MAPP_DEVICE', 'WebApp').set('XIVO_MAPP_WEBAPP_ENDPOINT', 'PJSIP/other');
    await story.ask('lookup');
    expect(story.said('XIVO_MAPP_DIAL')).toBe(`PJSIP/other/${UC}`);
    expect(story.pbx.written.has('XIVO_MAPP_DEVICE')).toBe(false);
    expect(story.pbx.written.has('XIVO_MAPP_WEBAPP_ENDPOINT')).toBe(false);
    expect(story.said('XIVO_MAPP_MOBILE_ENDPOINT')).toBe(MOBILE);
  });

  it('finds nobody', async () => {
    const story = new DialplanStory();
    await story.ask('lookup');
    expect(story.told).toEqual(['UNREACHABLE', 'not-registered', '']);
    const unknown = new DialplanStory();
    await unknown.ask('lookup', '8');
    expect(unknown.told).toEqual(['PASSED', 'unknown-user', '']);
    expect(unknown.log.lines.map(({ level }) => level)).toEqual(['debug']);
    unknown.theDialplanGoesOn();
  });

  it('goes by the channel alone while the registry is broken', async () => {
    const story = new DialplanStory().registered(MOBILE, OLD, {});
    story.registry.failWith(new Error('database is locked'));
    story.pbx.variables.set('XIVO_MAPP_MOBILE_ENDPOINT', MOBILE);
    await story.ask('lookup');
    expect(story.told).toEqual(['READY', 'registered', `${MOBILE}/${OLD}`]);
  });
});

describe('the dial string', () => {
  const at = (endpoint: string, uri: string) => ({ endpoint, uri, expiresAtSec: 1 });

  const OTHER = at('PJSIP/a', 'sip:z@z');

  it('has every contact of the endpoints, each once', () => {
    const contacts = [
      at('PJSIP/a', 'sip:a@[::1]:5060;transport=ws;ob'),
      at('PJSIP/b', 'sips:b@h'),
      at('PJSIP/c', 'sip:c'),
    ];
    expect(dialString(['PJSIP/a', 'PJSIP/b', 'PJSIP/a'], contacts)).toBe(
      'PJSIP/a/sip:a@[::1]:5060;transport=ws;ob&PJSIP/b/sips:b@h',
    );
  });

  it.each(['sip:a@h$' + '{EVIL}', 'sip:a@h;x="b"', 'sip:\u00e9@h', 'sip:a@h"', 'sip:a b@h', 'tel:1', 'sip:a@h\n', ''])(
    'leaves out a phone that calls itself %j',
    (uri) => {
      expect(dialString(['PJSIP/a'], [at('PJSIP/a', uri), at('PJSIP/a', 'sip:good@h')])).toBe('PJSIP/a/sip:good@h');
    },
  );

  it.each([
    ['sip:a&Local/0900@out', 'sip:a%26Local/0900@out'],
    ['sip:a,1,U(x)mT', 'sip:a%2C1%2CU%28x%29mT'],
    ['sip:a@h;x=$[1]', 'sip:a@h;x=%24%5B1]'],
    ['sip:[::1]:5060;x=@[', 'sip:[::1]:5060;x=@['],
    ['sips:a@[::1]', 'sips:a@[::1]'],
    ['sip:a%20b@h', 'sip:a%20b@h'],
  ])('gives %s so that no Dial reads between', (uri, address) => {
    expect(dialString(['PJSIP/a'], [at('PJSIP/a', uri)])).toBe(`PJSIP/a/${address}`);
  });

  it('has one destination for each address, with every character in every position', () => {
    const letters = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code));
    const addresses = letters.flatMap((letter) => [
      `sip:${letter}b@h`,
      `sip:a${letter}`,
      `sip:a${letter}b@h`,
      `sip:a@h;p=c${letter}d`,
      `sip:a@h;p="c${letter}d"`,
      `${letter}sip:a@h`,
    ]);
    const dialled = addresses.map((uri) =>
      dialString(['PJSIP/a'], [at('PJSIP/a', uri), OTHER]).replace(/&?PJSIP\/a\/sip:z@z$/, ''),
    );
    expect(dialled.filter((text) => !/^(PJSIP\/a\/sip:[\w.!~*'=+;?/:%@[\]-]+)?$/.test(text))).toEqual([]);
    expect(dialled.filter((text) => text !== '').length).toBeGreaterThan(4 * 70);
  });

  it('gives an endpoint by its name where its only contact has an address that no Dial can be given', () => {
    const odd = at('PJSIP/a', 'sip:a@h;p="q"');
    expect(dialString(['PJSIP/a', 'PJSIP/b'], [odd, at('PJSIP/b', 'sip:b@h')])).toBe('PJSIP/a&PJSIP/b/sip:b@h');
    expect(dialString(['PJSIP/a'], [at('PJSIP/a', `sip:a@h;p=${'&'.repeat(400)}`)])).toBe('PJSIP/a');
  });

  it('gives those that have registered last where there are too many contacts for Asterisk', () => {
    const many = Array.from({ length: 30 }, (_, index) => ({
      ...at('PJSIP/a', `sip:${'x'.repeat(400)}${index}@h`),
      expiresAtSec: index,
    }));
    const dialled = dialString(['PJSIP/a'], many).split('&');
    expect(dialled).toEqual(
      many
        .slice(-9)
        .map(({ endpoint, uri }) => `${endpoint}/${uri}`)
        .slice(-dialled.length),
    );
    expect(dialled.length).toBeGreaterThan(7);
  });

  it('gives the Path with the address, and no more than one destination, whatever both are made of', () => {
    const letter = fc.constantFrom(..."ab1-_.!~*'()&=+$,;?/:%[]@");
    const text = fc.string({ unit: letter, maxLength: 60 });
    fc.assert(
      fc.property(text, text, (param, hop) => {
        const contact = { ...at('PJSIP/a', `sip:a@h;p=${param}`), path: `<sip:edge;lr;x=${hop}>` };
        const dialled = dialString(['PJSIP/a'], [contact, at('PJSIP/a', 'sip:z@z')]);
        const [first = '', second] = dialled.split('&');
        expect(second ?? first).toBe('PJSIP/a/sip:z@z');
        if (second === undefined) return;
        const [address = '', way = ''] = first.split('?Route=');
        expect(first).not.toMatch(/[,()$&]/);
        expect(decodeURIComponent(way.replace(/%25(?![0-9a-f]{2})/gi, '%25'))).toBe(contact.path);
        expect(address.startsWith('PJSIP/a/sip:a@h;p=')).toBe(true);
        const ordered = addressOf(contact, 'order') ?? '';
        expect(ordered.split('Route=').length).toBe(2);
        expect(ordered.length).toBeLessThanOrEqual(509);
      }),
    );
  });
});
