/** The application that the dialplan names, and the router's: when they differ, it is told once, and once that they agree. */
import { afterEach, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import { type NamedApplication, watchNamedApplication } from '../../src/asterisk/app/named-application.ts';
import { PbxError } from '../../src/call/errors.ts';

let named: NamedApplication | undefined;
afterEach(() => named?.close());

function setUp(app: string, value: string) {
  const clock = new VirtualClock();
  const log = fakeLog();
  const world = { value, trouble: undefined as string | undefined, fails: false, asked: 0 };
  const asterisk = {
    trouble: () => world.trouble,
    async global(name: string) {
      world.asked += 1;
      expect(name).toBe('XIVO_MAPP_APP');
      if (world.fails) throw new PbxError('HTTP 500');
      return world.value;
    },
  };
  const watch = watchNamedApplication({ asterisk, app, clock, log });
  named = watch;
  return { clock, log, world, watch };
}

it.each(['', 'xivo-mapp', '"xivo-mapp"', "'xivo-mapp'", ' " xivo-mapp " '])('%j is xivo-mapp', async (value) => {
  const { clock, log, watch } = setUp('xivo-mapp', value);
  await clock.settle();
  expect([watch.trouble(), log.lines]).toEqual([undefined, []]);
});

it('another name is told once, with both and the cure, and once that they agree again', async () => {
  const { clock, log, world, watch } = setUp('mapp-2', '');
  await clock.settle();
  expect(watch.trouble()).toBe(
    'the dialplan sends its calls to the application "xivo-mapp", the router has mapp-2: set XIVO_MAPP_APP = mapp-2 in xivo_globals.conf and reload the dialplan, or set ARI_APP',
  );
  await clock.advance(60_000);
  expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  world.value = '"mapp-2"';
  await clock.advance(10_000);
  expect(watch.trouble()).toBeUndefined();
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
});

it('nothing is asked without a connection; a question that fails is asked again, and changes nothing', async () => {
  const { clock, log, world, watch } = setUp('mapp-2', '');
  await clock.settle();
  world.fails = true;
  world.value = 'mapp-2';
  await clock.advance(30_000);
  expect(watch.trouble()).toMatch(/"xivo-mapp"/);
  world.fails = false;
  world.trouble = 'nothing listens there';
  const { asked } = world;
  await clock.advance(30_000);
  expect(world.asked).toBe(asked);
  world.trouble = undefined;
  await clock.advance(1_000);
  expect(watch.trouble()).toBeUndefined();
  expect(log.lines).toHaveLength(2);
});

it('leaves no sleep behind', async () => {
  const { clock, watch } = setUp('xivo-mapp', '');
  await clock.settle();
  watch.close();
  await clock.settle();
  expect(clock.pendingSleeps).toBe(0);
});
