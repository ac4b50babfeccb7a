/**
 * Races, searched for: thousands of drawn worlds, and what must hold in each. A failing seed is printed with all that is needed to understand it;
 * XIVO_MAPP_SEED=123 plays that one alone and prints every step of it.
 */
import { describe, expect, it } from 'vitest';
import { channelPath } from '../../src/asterisk/app/ids.ts';
import type { CallPorts } from '../../src/call/ports.ts';
import { drawWorld } from '../../tools/simulation/draw.ts';
import { brokenIn } from '../../tools/simulation/invariants.ts';
import { play } from '../../tools/simulation/play.ts';
import type { Meddle } from '../../tools/simulation/run.ts';
import { describeFailure, describePlayed, look, search } from '../../tools/simulation/search.ts';
import { shrink } from '../../tools/simulation/shrink.ts';

const WORLDS = 10_000;
/** Bounds that a slow machine meets too. */
const LONG = { timeout: 300_000 };

const asked = process.env.XIVO_MAPP_SEED;

it(asked === undefined ? `nothing breaks in ${WORLDS} worlds` : `nothing breaks in world ${asked}`, LONG, async () => {
  if (asked !== undefined) console.log(describePlayed(await play(drawWorld(Number(asked)))));
  const failure = asked === undefined ? await search(1, WORLDS) : await look(Number(asked));
  if (failure !== undefined) throw new Error(describeFailure(failure));
});

// A router that dies just before somebody answers, and its next run, which does not know the call yet.
it.each([14_652, 35_289, 39_705, 45_707, 115_258])(
  'nothing breaks in world %i, where something did',
  LONG,
  async (seed) => {
    const failure = await look(seed);
    if (failure !== undefined) throw new Error(describeFailure(failure));
  },
);

it('a seed is always the same world, and plays the same way', async () => {
  for (let again = 1; again <= 50; again += 1) {
    expect(drawWorld(again)).toEqual(drawWorld(again));
    expect((await play(drawWorld(again))).lines).toEqual((await play(drawWorld(again))).lines);
  }
  expect(drawWorld(1)).not.toEqual({ ...drawWorld(2), seed: 1 });
});

it('a plan that fails shrinks to what it fails of', async () => {
  const drawn = drawWorld(1);
  const plan = {
    ...drawn,
    troubles: [...drawn.troubles, { port: 'caller.read', nth: 1, slowMs: 10, fails: 'before' } as const],
  };
  const smallest = await shrink(plan, async ({ troubles }) => troubles.some(({ fails }) => fails === 'before'));
  expect(smallest).toEqual({
    ...drawn,
    globals: {},
    phones: [],
    devices: [],
    calls: [{ atMs: 0, answered: false, leaves: undefined }],
    registrations: [],
    troubles: [{ port: 'caller.read', nth: 1, slowMs: 0, fails: 'before' }],
    gaps: [],
    wallJumps: [],
    restarts: [],
    contactsAgainMs: undefined,
    reachMs: 0,
    replyMs: 0,
    eventMs: 0,
    messageMs: 0,
    connectMs: 0,
    redirectMs: 0,
  });
});

describe('finds a router whose', () => {
  const FAULTS: Readonly<Record<string, readonly [string, Meddle]>> = {
    'legs are not hung up': [
      'every leg is accounted for',
      (ports) => ({ ...ports, legs: { ...legsOf(ports), hangUp: async () => {} } }),
    ],
    'losers are not told that it was answered elsewhere': [
      'losers are told at once',
      (ports) => ({
        ...ports,
        legs: { ...legsOf(ports), hangUp: (legId: string) => ports.legs.hangUp(legId, 'not-needed') },
      }),
    ],
    'pushes are not withdrawn': [
      'every push is accounted for',
      (ports) => ({
        ...ports,
        push: { wake: (...push) => ports.push.wake(...push), tellEnded: async () => ({ kind: 'delivered' }) },
      }),
    ],
    'watches are not closed': [
      'nothing stays behind',
      (ports) => ({
        ...ports,
        registrations: {
          watch: async (...what) => ({ ...(await ports.registrations.watch(...what)), close: async () => {} }),
        },
      }),
    ],
    'found legs are not taken over': [
      'who answered on a found leg is heard',
      (ports) => ({ ...ports, legs: { ...legsOf(ports), adopt: () => {} } }),
    ],
    'people who have answered are hung up': [
      'nobody who has answered is cut off',
      (ports, requests) => ({
        ...ports,
        legs: {
          ...legsOf(ports),
          dial: (request, onEvent) =>
            ports.legs.dial(request, (event) => {
              if (event.kind === 'connected')
                void requests.send({ method: 'DELETE', path: channelPath(request.legId) }).catch(() => undefined);
              onEvent(event);
            }),
        },
      }),
    ],
    'notes are not written': [
      'lost calls are told',
      (ports) => ({ ...ports, notes: { ...notesOf(ports), keep: async () => {} } }),
    ],
    'notes are not removed': [
      'nothing stays behind',
      (ports) => ({
        ...ports,
        notes: { ...notesOf(ports), remove: async () => {} },
      }),
    ],
    'log is silent': ['nothing stays behind', (ports) => ({ ...ports, log: { ...ports.log, info: () => {} } })],
    'registrations are not told': [
      'who wakes is rung',
      (ports) => ({
        ...ports,
        registrations: {
          watch: (endpoints, known, through) =>
            ports.registrations.watch(endpoints, known, through, {
              onContact: () => {},
              onPhone: () => {},
              onGone: () => {},
            }),
        },
      }),
    ],
  };

  it.each(Object.entries(FAULTS))('%s', LONG, async (_fault, [invariant, meddle]) => {
    const broken = new Set<string>();
    for (let tried = 1; tried <= 1000 && !broken.has(invariant); tried += 1) {
      for (const found of brokenIn(await play(drawWorld(tried), meddle))) broken.add(found.invariant);
    }
    expect([...broken]).toContain(invariant);
  });
});

function notesOf({ notes }: CallPorts): CallPorts['notes'] {
  return {
    keep: (...note) => notes.keep(...note),
    answered: (...note) => notes.answered(...note),
    remove: (callId) => notes.remove(callId),
  };
}

function legsOf({ legs }: CallPorts): CallPorts['legs'] {
  return {
    dial: (...request) => legs.dial(...request),
    adopt: (...found) => legs.adopt(...found),
    hangUp: (...leg) => legs.hangUp(...leg),
  };
}
