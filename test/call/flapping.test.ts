/** A phone that registers again and again and rings nowhere: few legs, and the last registration wins. And phones that come and go while they are dialled. */
import { describe, expect, it } from 'vitest';
import type { PhoneScript } from '../../lab/fakes/legs.ts';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';

const WIFI = 'sip:phone@10.0.0.1:5060';
const MOBILE_NET = 'sip:phone@192.0.2.7:4711';
const NOWHERE: PhoneScript = {};
const ANSWERS: PhoneScript = { ringsAfterMs: 50, answersAfterMs: 2000, hangsUpAfterMs: 1000 };
/** The longest wait that a site can set. */
const LONG_WAIT = { XIVO_MAPP_LOOPS_INTERVAL: '60', XIVO_MAPP_LOOPS_MOBILEAPP: '5' };

interface Flapping {
  readonly times: number;
  readonly everyMs: number;
  /** Whether each registration removes the other. */
  readonly removes: boolean;
}

/** From the first registration at 1000 ms on. Returns when the last one comes, and where. */
function flaps(story: Story, { times, everyMs, removes }: Flapping) {
  for (let n = 0; n < times; n += 1) {
    const [uri, other] = n % 2 === 0 ? [WIFI, MOBILE_NET] : [MOBILE_NET, WIFI];
    story.at(1000 + n * everyMs, () => {
      if (removes) story.pbx.unregister(MOBILE, other);
      story.pbx.register(MOBILE, uri, n === times - 1 ? ANSWERS : NOWHERE, removes ? 'announced' : 'read');
    });
  }
  return { lastMs: 1000 + (times - 1) * everyMs, lastUri: times % 2 === 0 ? MOBILE_NET : WIFI };
}

/** The most legs that were alive at once, as the story noted them. */
function mostAlive(story: Story): number {
  let alive = 0;
  let most = 0;
  for (const what of story.timeline()) {
    if (what === 'leg-dialled') alive += 1;
    if (what === 'leg-ended') alive -= 1;
    most = Math.max(most, alive);
  }
  return most;
}

describe('a phone that flaps between two networks', () => {
  it.each([
    { times: 500, everyMs: 20, removes: true },
    { times: 500, everyMs: 20, removes: false },
    { times: 100, everyMs: 400, removes: true },
    { times: 99, everyMs: 400, removes: false },
  ])(
    '$times times, each $everyMs ms, one removes the other: $removes: is dialled a few times, and rings when it stands',
    async (how) => {
      const story = new Story().sleepingMobile('phone');
      for (const [name, value] of Object.entries(LONG_WAIT)) story.pbx.globals.set(name, value);
      story.pbx.variables.set('XIVO_RINGSECONDS', '600');
      const { lastMs, lastUri } = flaps(story, how);
      expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
      expect(story.pbx.legs.size).toBeLessThanOrEqual(7);
      expect(mostAlive(story)).toBeLessThanOrEqual(4);
      const won = story.leg(lastUri).at(-1);
      expect(story.pbx.talks.map(({ legId }) => legId)).toEqual([won?.request.legId]);
      const notes = story.callHistory.calls.get('xm-0000000000000001')?.timeline ?? [];
      const dialledAtMs = notes.findLast(({ what }) => what === 'leg-dialled')?.atMs ?? Number.POSITIVE_INFINITY;
      // It has to stand for a second, and the dials are up to eight seconds apart.
      expect(dialledAtMs - lastMs).toBeGreaterThanOrEqual(900);
      expect(dialledAtMs - lastMs).toBeLessThanOrEqual(8100);
      expect(notes.length).toBeLessThanOrEqual(80);
      story.nothingIsLeft();
    },
  );

  it('slowly, for five minutes, is dialled each time that it stands, at growing distances', async () => {
    const story = new Story().sleepingMobile('phone');
    for (const [name, value] of Object.entries(LONG_WAIT)) story.pbx.globals.set(name, value);
    story.pbx.variables.set('XIVO_RINGSECONDS', '600');
    flaps(story, { times: 200, everyMs: 1500, removes: true });
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.pbx.legs.size).toBeLessThanOrEqual(45);
    expect(story.pbx.legs.size).toBeGreaterThan(10);
    expect(mostAlive(story)).toBeLessThanOrEqual(3);
    story.nothingIsLeft();
  });

  it('comes from another port each time and leaves its contacts behind: ten legs live at most', async () => {
    const story = new Story().sleepingMobile('phone').sleepingMobile('other');
    for (let n = 0; n < 100; n += 1) {
      story.at(1000 + 10 * n, () =>
        story.pbx.register(MOBILE, `sip:phone@10.0.0.1:${5000 + n}`, n === 99 ? ANSWERS : {}),
      );
    }
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(mostAlive(story)).toBeLessThanOrEqual(11);
    expect(story.pbx.legs.size).toBeLessThanOrEqual(25);
    expect(story.timeline()).toContain('legs-bounded');
    story.nothingIsLeft();
  });
});

it('is not waited for without a sleep while somebody is being connected or picks the call up', async () => {
  for (const meanwhile of [
    { answersAfterMs: 1000, hangsUpAfterMs: 9000 },
    { endsAfterMs: [1000, 'answered-elsewhere'] },
  ] as const) {
    const story = new Story().sleepingMobile('phone');
    for (let network = 0; network < 6; network += 1) {
      story.at(1000 + 100 * network, () => {
        story.pbx.unregister(MOBILE, `sip:phone@10.0.${network - 1}.1`);
        story.pbx.register(MOBILE, `sip:phone@10.0.${network}.1`, NOWHERE, 'announced');
      });
    }
    story.pbx.connecting.connectMs = 3000;
    // By then whoever flaps is to be dialled, a second after it was seen last.
    story.at(900, () => story.pbx.register(MOBILE, 'sip:other@10.0.0.2', meanwhile));
    story.at(8000, () => story.pbx.callerLeaves());
    await story.tell();
    expect(story.timeline()).toContain('dial-postponed');
    expect(story.timeline()).not.toContain('fault');
    // Where it comes to nothing, the phone that flaps is dialled all the same.
    const isLost = 'endsAfterMs' in meanwhile;
    expect(story.leg('sip:phone@10.0.5.1')).toHaveLength(isLost ? 1 : 0);
    story.nothingIsLeft();
  }
});

it.each([0, 500, 1500, 2500])(
  'is dialled when it is due, though the order to give it up takes %i ms',
  async (slowMs) => {
    const story = new Story().sleepingMobile('phone');
    for (let port = 5070; port < 5073; port += 1) {
      story.at(1000 + 100 * (port - 5070), () => {
        story.pbx.unregister(MOBILE, `sip:phone@10.0.0.1:${port - 1}`);
        story.pbx.register(MOBILE, `sip:phone@10.0.0.1:${port}`, NOWHERE, 'announced');
      });
    }
    story.at(1250, () => story.pbx.unregister(MOBILE, 'sip:phone@10.0.0.1:5072'));
    story.at(1300, () => story.pbx.register(MOBILE, WIFI, { ringsAfterMs: 110 }, 'announced'));
    // Its leg says that it rings before it is gone.
    story.at(2350, () => {
      story.pbx.slowMs.set('legs.hangUp', slowMs);
      story.pbx.unregister(MOBILE, WIFI);
    });
    story.at(2550, () =>
      story.pbx.register(MOBILE, WIFI, { ringsAfterMs: 50, answersAfterMs: 1000, hangsUpAfterMs: 500 }, 'announced'),
    );
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    story.nothingIsLeft();
  },
);

describe('several phones at one endpoint', () => {
  it('are all dialled at once, however many wake', async () => {
    const story = new Story();
    const uris = Array.from({ length: 10 }, (_, n) => `sip:phone-${n}@10.0.0.1`);
    for (const [n, uri] of uris.entries()) {
      story.sleepingMobile(`phone-${n}`, { wakesAfterMs: 500, uri, phone: n === 9 ? ANSWERS : { ringsAfterMs: 50 } });
    }
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    const notes = story.callHistory.calls.get('xm-0000000000000001')?.timeline ?? [];
    const registeredAtMs = notes.filter(({ what }) => what === 'mobile-registered').map(({ atMs }) => atMs);
    const dialledAtMs = notes.filter(({ what }) => what === 'leg-dialled').map(({ atMs }) => atMs);
    expect(dialledAtMs).toEqual(registeredAtMs);
    story.nothingIsLeft();
  });

  it('that are many, and asleep, are dialled ten at a time, those that registered last', async () => {
    const story = new Story().sleepingMobile('phone');
    for (let n = 0; n < 30; n += 1) {
      story.pbx.contacts.push({ endpoint: MOBILE, uri: `sip:old-${n}@10.0.0.1`, expiresAtSec: 1000 + n });
    }
    story.at(20_000, () => story.pbx.callerLeaves());
    await story.tell();
    expect([...story.pbx.legs.values()].map(({ request }) => request.contact.expiresAtSec).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => 1020 + n),
    );
    story.nothingIsLeft();
    // Asterisk refuses a channel whose id is the beginning of a living one's.
    const ids = [...story.pbx.legs.keys()];
    expect(ids.length).toBeGreaterThanOrEqual(10);
    expect(ids.filter((id) => ids.some((other) => other !== id && other.startsWith(id)))).toEqual([]);
  });
});

describe('a contact that is removed', () => {
  it('while it is dialled and does not ring: its leg is given up, and the phone that comes back is dialled at once', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, uri: WIFI, phone: NOWHERE });
    story.at(2000, () => story.pbx.unregister(MOBILE, WIFI));
    story.at(17_000, () => story.pbx.register(MOBILE, MOBILE_NET, ANSWERS));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg(WIFI).map(({ hangUpReason }) => hangUpReason)).toEqual(['not-needed']);
    const notes = story.callHistory.calls.get('xm-0000000000000001')?.timeline ?? [];
    expect(notes.find(({ what }) => what === 'leg-hung-up')?.atMs).toBe(2300);
    expect(notes.find(({ what }) => what === 'contact-removed')?.facts).toEqual({ endpoint: MOBILE, contact: WIFI });
    expect(notes.findLast(({ what }) => what === 'leg-dialled')?.atMs).toBe(17_000);
    story.nothingIsLeft();
  });

  it('because its phone has registered elsewhere is awaited no more: what the phone says there counts', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, uri: WIFI, phone: NOWHERE });
    story.at(2000, () => {
      story.pbx.register(MOBILE, MOBILE_NET, { ringsAfterMs: 50, endsAfterMs: [300, 'busy'] });
      story.pbx.unregister(MOBILE, WIFI);
    });
    expect(await story.tell()).toEqual({ outcome: 'busy', reason: 'busy' });
    expect(story.clock.nowMs()).toBeLessThan(4000);
    story.nothingIsLeft();
  });

  it('and does not come back ends the call with the ring time', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, uri: WIFI, phone: NOWHERE });
    story.at(2000, () => story.pbx.unregister(MOBILE, WIFI));
    expect(await story.tell()).toEqual({ outcome: 'no-answer', reason: 'ring-time-over' });
    story.nothingIsLeft();
  });

  it('while it rings goes on ringing, and may be answered', async () => {
    const story = new Story().sleepingMobile('phone', { wakesAfterMs: 500, uri: WIFI, phone: ANSWERS });
    story.at(1500, () => story.pbx.unregister(MOBILE, WIFI));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'mobile' });
    expect(story.leg(WIFI)).toHaveLength(1);
    story.nothingIsLeft();
  });

  it('is not dialled any more when the UC Assistant’s turn comes; one that comes back is', async () => {
    const story = new Story('WebAppAndMobileApp')
      .registered(WEBAPP, 'sip:uc-1@10.0.0.9', NOWHERE)
      .sleepingMobile('phone');
    story.at(5000, () => story.pbx.unregister(WEBAPP, 'sip:uc-1@10.0.0.9'));
    story.at(6000, () => story.pbx.register(WEBAPP, 'sip:uc-2@10.0.0.9', NOWHERE));
    story.at(20_000, () => story.pbx.unregister(WEBAPP, 'sip:uc-2@10.0.0.9'));
    story.at(22_000, () => story.pbx.register(WEBAPP, 'sip:uc-2@10.0.0.9', ANSWERS, 'announced'));
    expect(await story.tell()).toEqual({ outcome: 'answered', reason: 'webapp' });
    expect(story.leg('sip:uc-1@10.0.0.9')).toEqual([]);
    expect(story.leg('sip:uc-2@10.0.0.9').map(({ hangUpReason }) => hangUpReason)).toEqual(['not-needed', undefined]);
    story.nothingIsLeft();
  });

  it('after its person has declined changes nothing', async () => {
    const story = new Story().sleepingMobile('one', {
      wakesAfterMs: 500,
      uri: WIFI,
      phone: { endsAfterMs: [300, 'declined'] },
    });
    story.sleepingMobile('two', { wakesAfterMs: 600, uri: MOBILE_NET, phone: NOWHERE });
    story.at(800, () => story.pbx.unregister(MOBILE, MOBILE_NET));
    expect(await story.tell()).toEqual({ outcome: 'declined', reason: 'declined' });
    story.nothingIsLeft();
  });
});
