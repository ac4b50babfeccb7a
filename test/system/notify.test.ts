/** What systemd's program is told, in which order. A stand-in for the program writes down what it was given. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import { type NotifyOptions, notifySystemd } from '../../src/system/notify.ts';
import { soon } from '../soon.ts';

let folder = '';
let notes = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mapp-notify-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function setUp(given: Partial<NotifyOptions> = {}) {
  const note = join(folder, `note-${++notes}`);
  const program = `${note}.sh`;
  writeFileSync(program, `#!/bin/sh\nfor one in "$@"; do printf '%s %s\\n' "$NOTIFY_SOCKET" "$one" >> ${note}; done\n`);
  chmodSync(program, 0o700);
  const clock = new VirtualClock();
  const log = fakeLog();
  const notify = notifySystemd({ socket: '/s', pid: 7, clock, log, program, ...given });
  return { notify, clock, log, told: () => (existsSync(note) ? readFileSync(note, 'utf8').trim().split('\n') : []) };
}

it('says when the router is ready, how it is, and when it stops', async () => {
  const { notify, told } = setUp();
  await notify.ready('connected');
  await notify.status('2 calls\nlive');
  await notify.stopping();
  expect(told()).toEqual(['/s READY=1', '/s STATUS=connected', '/s STATUS=2 calls live', '/s STOPPING=1']);
});

it('says nothing of being ready once the router stops', async () => {
  const { notify, told } = setUp();
  await notify.stopping();
  await notify.ready('routing calls');
  expect(told()).toEqual(['/s STOPPING=1']);
});

it('pings twice in each period of the watchdog, until the router stops', async () => {
  const { notify, told, clock } = setUp({ watchdogUsec: '20000000', watchdogPid: '7' });
  const pings = (): number => told().filter((line) => line === '/s WATCHDOG=1').length;
  await notify.ready('x');
  for (let count = 1; count <= 3; count += 1) {
    await soon(() => expect(clock.nextWakeMs).toBe(count * 10_000));
    expect(pings()).toBe(count);
    await clock.advance(10_000);
  }
  await soon(() => expect(clock.pendingSleeps).toBe(1));
  await notify.stopping();
  expect(clock.pendingSleeps).toBe(0);
  expect(told().at(-1)).toBe('/s STOPPING=1');
});

it.each([
  ['no systemd', { socket: undefined, watchdogUsec: '1000' }],
  ['an empty socket', { socket: '', watchdogUsec: '1000' }],
])('does nothing where there is %s', async (_, given) => {
  const { notify, told, clock } = setUp(given);
  await notify.ready('x');
  await notify.stopping();
  expect([told(), clock.pendingSleeps]).toEqual([[], 0]);
});

it.each([
  ['for another process', { watchdogUsec: '1000', watchdogPid: '8' }],
  ['of nonsense', { watchdogUsec: 'soon' }],
])('keeps no watchdog %s', async (_, given) => {
  const { notify, told, clock } = setUp(given);
  await notify.ready('x');
  expect([told().length, clock.pendingSleeps]).toEqual([2, 0]);
});

it('goes on where the program is missing, and says so once', async () => {
  const { notify, log } = setUp({ program: '/nowhere/systemd-notify' });
  await notify.ready('x');
  await notify.status('y');
  await notify.stopping();
  expect(log.at('warn')).toHaveLength(1);
});
