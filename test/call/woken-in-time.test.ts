/**
 * A rule is woken at whatever moment it asks about: nothing is a millisecond late. The control is the same story, told to a router that is roused
 * over and over for no reason: whoever is asked all the time whether something is due can forget no moment. Both must do the same at the same moments.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DialplanStory } from '../../lab/fakes/dialplan.ts';
import type { PhoneScript } from '../../lab/fakes/legs.ts';
import { MOBILE, Story, WEBAPP } from '../../lab/fakes/world.ts';
import type { PushResult } from '../../src/call/ports.ts';
import { writeCallCheckpoint } from '../../src/call/resume/checkpoint.ts';

const CALL_ID = 'xm-0000000000000001';
/** Two of one phone, and another's. */
const ADDRESSES = ['sip:phone@10.0.0.1:5060', 'sip:phone@10.0.0.1:4711', 'sip:tablet@10.0.0.2:5062'] as const;
const UC = 'sip:uc@10.0.0.9';
/** Nobody's: word of its end changes nothing, but the rule is asked. */
const NOBODY = { endpoint: 'PJSIP/nobody', uri: 'sip:nobody@10.0.0.99' };
const ROUSED_EVERY_MS = 25;

/** Moments of the world that fall together with none of the rule's, nor with one another: in a tie either may be first. */
const moment = (residueMs: number) => fc.integer({ min: 0, max: 40 }).map((n) => n * 500 + residueMs);

const script: fc.Arbitrary<PhoneScript> = fc.oneof(
  fc.constant({}),
  fc.constant({}),
  fc.constant({ ringsAfterMs: 41 }),
  fc.constant({ ringsAfterMs: 41, answersAfterMs: 3_457, hangsUpAfterMs: 1_019 }),
  fc
    .constantFrom('declined' as const, 'busy' as const, 'unreachable' as const, 'answered-elsewhere' as const)
    .map((end): PhoneScript => ({ ringsAfterMs: 43, endsAfterMs: [1_237, end] })),
  fc.constant({ endsAfterMs: [31, 'unreachable'] } satisfies PhoneScript),
  fc.constant({ ringsAfterMs: 37, sendsOnAfterMs: 29 }),
);

const world = fc.record({
  device: fc.constantFrom('MobileApp' as const, 'WebAppAndMobileApp' as const),
  globals: fc.record({
    XIVO_MAPP_LOOPS_MOBILEAPP: fc.constantFrom('0', '1', '3'),
    XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP: fc.constantFrom('0', '1', '3'),
    XIVO_MAPP_LOOPS_INTERVAL: fc.constantFrom('1', '5', '9'),
    XIVO_MAPP_RING_WEBAPP_AT_ONCE: fc.constantFrom('True', 'False'),
    XIVO_MAPP_DECLINE_ENDS: fc.constantFrom('call', 'device', 'mobiles'),
    XIVO_MAPP_PLAY_MSG: fc.constant('False'),
  }),
  ringSeconds: fc.constantFrom('1', '4', '19'),
  /** Of a wait that an earlier run of the router has begun. */
  leftMs: fc.option(moment(419), { nil: undefined }),
  push: fc.constantFrom<PushResult | 'hangs'>(
    { kind: 'delivered' },
    { kind: 'delivered' },
    { kind: 'dead-token', reason: 'UNREGISTERED', sinceMs: undefined },
    'hangs',
  ),
  wakesAfterMs: fc.option(moment(61), { nil: undefined }),
  scripts: fc.tuple(script, script, script),
  old: fc.boolean(),
  webApp: fc.option(script, { nil: undefined }),
  webAppComesAtMs: fc.option(moment(73), { nil: undefined }),
  mobiles: fc.array(
    fc.record({
      atMs: fc.oneof(moment(83), moment(97), moment(107), moment(223), moment(349)),
      address: fc.nat({ max: 2 }),
      what: fc.constantFrom('read' as const, 'announced' as const, 'announced' as const, 'removed' as const),
      isKnown: fc.boolean(),
    }),
    { maxLength: 16 },
  ),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function furnish<S extends Story>(story: S, drawn: World): S {
  const { pbx } = story;
  for (const [name, value] of Object.entries(drawn.globals)) pbx.globals.set(name, value);
  pbx.variables.set('XIVO_RINGSECONDS', drawn.ringSeconds);
  for (const [n, uri] of ADDRESSES.entries()) pbx.scripts.set(uri, drawn.scripts[n] ?? {});
  if (drawn.old) story.registered(MOBILE, ADDRESSES[0], drawn.scripts[0]);
  if (drawn.webApp !== undefined) story.registered(WEBAPP, UC, drawn.webApp);
  story.sleepingMobile('phone', {
    uri: ADDRESSES[1],
    push: drawn.push,
    ...(drawn.wakesAfterMs === undefined ? {} : { wakesAfterMs: drawn.wakesAfterMs }),
  });
  if (drawn.webAppComesAtMs !== undefined) story.at(drawn.webAppComesAtMs, () => pbx.register(WEBAPP, UC));
  for (const { atMs, address, what, isKnown } of drawn.mobiles) {
    const uri = ADDRESSES[address] ?? ADDRESSES[0];
    const phone = isKnown ? { registration: `of ${uri.slice(0, 8)}`, make: uri.slice(0, 8) } : undefined;
    story.at(atMs, () => {
      if (what === 'removed') pbx.unregister(MOBILE, uri);
      else pbx.register(MOBILE, uri, undefined, what, phone);
    });
  }
  return story;
}

/** From now on the rule of the story's call is asked every few ms, at moments at which nothing else happens. */
function rouse<S extends Story>(story: S): S {
  const { registrationsPort, clock } = story.pbx;
  const { watch } = registrationsPort;
  registrationsPort.watch = (endpoints, known, through, listener) => {
    const again = () => {
      listener.onGone(NOBODY);
      if (story.pbx.openWatches > 0) clock.later(ROUSED_EVERY_MS, again);
    };
    return watch(endpoints, known, through, listener).finally(() => clock.later(0.5, again));
  };
  return story;
}

/** From now on it is kept what is asked of the world, and when. Returns all that the call has done, once it is over. */
function follow(story: Story): () => readonly string[] {
  const orders: string[] = [];
  story.pbx.intervene = (call, _number, when) => {
    if (when === 'before') orders.push(`${story.clock.nowMs()} ${call}`);
  };
  return () => {
    const { timeline = [] } = story.callHistory.calls.get(CALL_ID) ?? {};
    return [...timeline.map(({ what, atMs, ...facts }) => `${atMs} ${what} ${JSON.stringify(facts)}`), ...orders];
  };
}

describe('nothing is late by a millisecond that a rule asks about', () => {
  it('in a call that the router rings', async () => {
    const tell = async (story: Story, { leftMs }: World) => {
      const waitUntilMs = story.clock.wallMs() + (leftMs ?? 0);
      const checkpoint = writeCallCheckpoint({ callId: CALL_ID, userId: '7', waitUntilMs, pushed: [] });
      const done = follow(story);
      await story.tell(leftMs === undefined ? {} : { checkpoint });
      story.nothingIsLeft('who talks is left alone');
      return done();
    };
    await fc.assert(
      fc.asyncProperty(world, async (drawn) => {
        const asked = await tell(rouse(furnish(new Story(drawn.device), drawn)), drawn);
        expect(await tell(furnish(new Story(drawn.device), drawn), drawn)).toEqual(asked);
      }),
      { numRuns: 300, seed: 12 },
    );
  });

  it('in a wait for a dialplan that rings by itself', async () => {
    const tell = async (story: DialplanStory) => {
      const done = follow(story);
      await story.ask('wake');
      story.over.abort();
      expect(story.clock.pendingSleeps, 'sleepers').toBe(0);
      return done();
    };
    await fc.assert(
      fc.asyncProperty(world, async (drawn) => {
        const asked = await tell(rouse(furnish(new DialplanStory(drawn.device), drawn)));
        expect(await tell(furnish(new DialplanStory(drawn.device), drawn))).toEqual(asked);
      }),
      { numRuns: 75, seed: 12 },
    );
  });
});
