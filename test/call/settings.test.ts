/** EDGES 32: globals that hold nonsense, and all the ways in which sense can be written. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FakePbx } from '../../lab/fakes/pbx.ts';
import { Story } from '../../lab/fakes/world.ts';
import { GLOBALS, readSettings } from '../../src/call/globals.ts';

const read = (globals: Record<string, string>) => readSettings(new Map(Object.entries(globals)));

describe('settings', () => {
  it('are the documented defaults where nothing is set', () => {
    expect(read({})).toEqual({
      settings: {
        playMessage: true,
        waitWithMusic: true,
        waitMobileAppMs: 15_000,
        waitWebAppAndMobileAppMs: 15_000,
        intervalMs: 5_000,
        ringWebAppAtOnce: false,
        answerEarly: false,
        messageSound: 'one-moment-please',
        toneCountry: 'fr',
        declineEnds: 'mobiles',
        slowMs: 10,
        mostCalls: 0,
      },
      warnings: [],
    });
  });

  it.each(['False', '"False"', 'false', ' "FALSE" ', '" false "', "'false'"])('takes %s as False', (value) => {
    expect(read({ XIVO_MAPP_PLAY_MSG: value })).toMatchObject({ settings: { playMessage: false }, warnings: [] });
  });

  it.each([
    ['yes', true],
    ['on', true],
    ['no', false],
    ['0', false],
    ['"abc"', true],
    ['-1', true],
    ['1e9', true],
  ])('takes the flag %s as %s, and warns', (value, meant) => {
    const { settings, warnings } = read({ XIVO_MAPP_PLAY_MSG: value });
    expect(settings.playMessage).toBe(meant);
    expect(warnings).toEqual([{ variable: 'XIVO_MAPP_PLAY_MSG', value, used: meant ? 'True' : 'False' }]);
  });

  it.each([
    ['"abc"', 3],
    ['-1', 0],
    ['1e9', 60],
    ['2.4', 2],
    ['yes', 3],
    ['NaN', 3],
    ['Infinity', 60],
  ])('takes the loops %s as %d of 5 s, and warns once', (value, loops) => {
    const { settings, warnings } = read({ XIVO_MAPP_LOOPS_MOBILEAPP: value });
    expect(settings.waitMobileAppMs).toBe(loops * 5000);
    expect(warnings.length).toBeGreaterThanOrEqual(1);
    expect(warnings[0]).toMatchObject({ variable: 'XIVO_MAPP_LOOPS_MOBILEAPP', value });
  });

  it('takes 0 loops as no wait, without a warning', () => {
    expect(read({ XIVO_MAPP_LOOPS_MOBILEAPP: '"0"' })).toMatchObject({
      settings: { waitMobileAppMs: 0 },
      warnings: [],
    });
  });

  it.each([
    ['0', 1000],
    ['-5', 1000],
    ['61', 60_000],
    ['1e9', 60_000],
  ])('bounds the interval %s to %d ms', (value, intervalMs) => {
    const { settings, warnings } = read({ XIVO_MAPP_LOOPS_INTERVAL: value });
    expect(settings.intervalMs).toBe(intervalMs);
    expect(warnings).toHaveLength(1);
  });

  it('bounds the whole wait to 300 s', () => {
    const { settings, warnings } = read({ XIVO_MAPP_LOOPS_MOBILEAPP: '100', XIVO_MAPP_LOOPS_INTERVAL: '60' });
    expect(settings.waitMobileAppMs).toBe(300_000);
    expect(warnings).toEqual([{ variable: 'XIVO_MAPP_LOOPS_MOBILEAPP', value: '100', used: 'a wait of 300 s' }]);
  });

  it.each([
    ['', '', true],
    ['True', '', true],
    ['', '"True"', true],
    ['True', 'yes', true],
    ['False', '', false],
    ['', '"False"', false],
    ['False', 'False', false],
    ['no', '0', false],
  ])('XIVO_MAPP_PLAY_MSG is %j, XIVO_PLAY_MSG is %j: %j', (newer, older, plays) => {
    const { settings, warnings } = read({ XIVO_MAPP_PLAY_MSG: newer, XIVO_PLAY_MSG: older });
    expect(settings.playMessage).toBe(plays);
    expect(warnings.map(({ why }) => why)).not.toContain(expect.anything());
  });

  it.each([
    ['XIVO_MAPP_PLAY_MSG', 'XIVO_PLAY_MSG'],
    ['XIVO_PLAY_MSG', 'XIVO_MAPP_PLAY_MSG'],
  ])('%s is True, but %s is False: the message is off, and the contradiction is named', (on, off) => {
    const { settings, warnings } = read({ [on]: '"True"', [off]: 'False' });
    expect(settings.playMessage).toBe(false);
    expect(warnings).toEqual([{ variable: on, value: '"True"', used: 'False', why: `but ${off} is False` }]);
    // One warning for each, with what is done: it is told once for each value.
    expect(read({ [on]: 'yes', [off]: 'False' }).warnings).toEqual([
      { variable: on, value: 'yes', used: 'False', why: `but ${off} is False` },
    ]);
    expect(read({ [on]: 'perhaps', [off]: 'no' }).warnings).toEqual(
      expect.arrayContaining([
        { variable: on, value: 'perhaps', used: 'False' },
        { variable: off, value: 'no', used: 'False' },
      ]),
    );
  });

  it.each(['', '   ', '""', '" "'])('takes an empty value %j as unset', (value) => {
    const all = Object.fromEntries(Object.keys(GLOBALS).map((name) => [name, value]));
    expect(read(all)).toEqual(read({}));
  });

  it('never lets a sound or country reach Asterisk that is no name', () => {
    const { settings, warnings } = read({ XIVO_MAPP_MSG_SOUND: 'a&b,c', XIVO_MAPP_TONE_COUNTRY: 'fr;x' });
    expect(settings).toMatchObject({ messageSound: 'one-moment-please', toneCountry: 'fr' });
    expect(warnings).toHaveLength(2);
  });

  it('that contradict each other are warned of once, however many calls read them', async () => {
    const story = new Story();
    for (const [newer, older] of [
      ['True', 'False'],
      ['True', 'False'],
      ['False', '"True"'],
      ['False', '"True"'],
      ['', 'False'],
      ['False', 'False'],
    ] as const) {
      const pbx = new FakePbx(story.clock, story.over.signal);
      pbx.globals.set('XIVO_MAPP_PLAY_MSG', newer).set('XIVO_PLAY_MSG', older);
      const told = story.router.route({
        callId: `xm-${story.callHistory.calls.size}`,
        userId: '8',
        caller: pbx.caller(),
      });
      await story.clock.advance(1000);
      await told;
    }
    expect(story.log.at('warn').map(({ message }) => message)).toEqual([
      'XIVO_MAPP_PLAY_MSG is "True", but XIVO_PLAY_MSG is False; False is used instead',
      'XIVO_PLAY_MSG is "\\"True\\"", but XIVO_MAPP_PLAY_MSG is False; False is used instead',
    ]);
  });

  it('stand in the sample file, each with its default', () => {
    const sample = readFileSync(new URL('../../dialplan/xivo_globals.conf.sample', import.meta.url), 'utf8');
    const set = Object.fromEntries(
      [...sample.matchAll(/^;?\s*(XIVO_\w+)\s*=>?\s*"?([^";\n]*?)"?\s*$/gm)].map(([, name, value]) => [name, value]),
    );
    const ofTheDialplan = {
      XIVO_MAPP_APP: 'xivo-mapp',
      XIVO_MAPP_AGI: '127.0.0.1:4580',
      XIVO_MAPP_RESTART_TRIES: '5',
    };
    expect(set).toEqual({ ...GLOBALS, ...ofTheDialplan });
  });
});
