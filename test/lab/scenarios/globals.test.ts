/**
 * xivo_globals.conf as an administrator lives with it: an edit, `dialplan reload`, and the next call goes by it. What the call made of it shows in its timeline
 * (`planned`, `hold`), what was wrong in the log.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ToldEntry } from '../../../lab/api-client.ts';
import type { Callee } from '../../../lab/callee.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { nowMs } from '../../../lab/phone/clock.ts';
import { EVERY_GLOBAL } from '../../../lab/rigs/every-global.ts';
import { GLOBALS, PLAY_MSG_ALIAS } from '../../../src/call/globals.ts';

type Lines = Readonly<Record<string, string>>;

/** What a call made of the globals: its longest wait, and what the caller hears. */
interface Made {
  readonly waitMs: unknown;
  readonly message: unknown;
  readonly afterwards: unknown;
}

const BY_DEFAULT: Made = { waitMs: 15_000, message: 'one-moment-please', afterwards: 'music' };

/** Values are written to the file as they stand here. */
const sense: readonly { readonly lines: Lines; readonly made: Partial<Made> }[] = [
  { lines: { XIVO_MAPP_LOOPS_MOBILEAPP: '2', XIVO_MAPP_LOOPS_INTERVAL: '"3"' }, made: { waitMs: 6_000 } },
  { lines: { XIVO_MAPP_LOOPS_MOBILEAPP: '"0"' }, made: { waitMs: 0, message: '', afterwards: 'ringing' } },
  { lines: { XIVO_MAPP_PLAY_MSG: 'False' }, made: { message: '', afterwards: 'ringing' } },
  { lines: { XIVO_MAPP_PLAY_MSG: '"fAlSe"' }, made: { message: '', afterwards: 'ringing' } },
  { lines: { XIVO_MAPP_WAIT_WITH_MUSIC: '" false "' }, made: { afterwards: 'tone' } },
  { lines: { XIVO_MAPP_WAIT_WITH_MUSIC: ' "TRUE" ' }, made: {} },
  { lines: { XIVO_MAPP_PLAY_MSG: '', [PLAY_MSG_ALIAS]: '"False"' }, made: { message: '', afterwards: 'ringing' } },
  { lines: { XIVO_MAPP_MSG_SOUND: 'hello-world' }, made: { message: 'hello-world' } },
  { lines: { XIVO_MAPP_LOOPS_MOBILEAPP: '', XIVO_MAPP_PLAY_MSG: '""' }, made: {} },
];

/** `used` is what the warning says is used instead. */
const nonsense: readonly {
  readonly name: string;
  readonly value: string;
  readonly used: string;
  readonly made: Partial<Made>;
  readonly beside?: Lines;
}[] = [
  { name: 'XIVO_MAPP_LOOPS_MOBILEAPP', value: '"abc"', used: '3', made: {} },
  {
    name: 'XIVO_MAPP_LOOPS_MOBILEAPP',
    value: '-1',
    used: '0',
    made: { waitMs: 0, message: '', afterwards: 'ringing' },
  },
  {
    name: 'XIVO_MAPP_LOOPS_MOBILEAPP',
    value: '1e9',
    used: '100',
    made: { waitMs: 100_000 },
    beside: { XIVO_MAPP_LOOPS_INTERVAL: '1' },
  },
  {
    name: 'XIVO_MAPP_LOOPS_MOBILEAPP',
    value: '100',
    used: 'a wait of 300 s',
    made: { waitMs: 300_000 },
    beside: { XIVO_MAPP_LOOPS_INTERVAL: '60' },
  },
  { name: 'XIVO_MAPP_LOOPS_MOBILEAPP', value: 'yes', used: '3', made: {} },
  { name: 'XIVO_MAPP_LOOPS_INTERVAL', value: '0', used: '1', made: { waitMs: 3_000 } },
  { name: 'XIVO_MAPP_LOOPS_INTERVAL', value: '"1e9"', used: '60', made: { waitMs: 180_000 } },
  { name: 'XIVO_MAPP_PLAY_MSG', value: '"abc"', used: 'True', made: {} },
  { name: 'XIVO_MAPP_WAIT_WITH_MUSIC', value: 'yes', used: 'True', made: {} },
  { name: 'XIVO_MAPP_WAIT_WITH_MUSIC', value: '"no"', used: 'False', made: { afterwards: 'tone' } },
  { name: 'XIVO_MAPP_MSG_SOUND', value: '"a b|c"', used: 'one-moment-please', made: {} },
  {
    name: 'XIVO_MAPP_TONE_COUNTRY',
    value: '"France!"',
    used: 'fr',
    made: { afterwards: 'tone' },
    beside: { XIVO_MAPP_WAIT_WITH_MUSIC: 'False' },
  },
  { name: 'XIVO_MAPP_DECLINE_ENDS', value: 'everything', used: 'mobiles', made: {} },
  { name: 'XIVO_MAPP_RING_WEBAPP_AT_ONCE', value: '2', used: 'False', made: {} },
  { name: 'XIVO_MAPP_ANSWER_EARLY', value: '-1', used: 'False', made: {} },
  { name: PLAY_MSG_ALIAS, value: 'maybe', used: 'True', made: {}, beside: { XIVO_MAPP_PLAY_MSG: '' } },
];

describe.each([16, 22] as const)('globals on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  /** Writes a file with a value for every global. */
  const edit = (lines: Lines): Promise<void> =>
    lab.asterisk.reloadGlobals(
      Object.entries({ ...EVERY_GLOBAL, ...lines })
        .map(([name, value]) => `${name} = ${value}`)
        .join('\n'),
    );
  /** A mobile with an old registration, which rings also where there is nothing to wait for. */
  const registered = (): Promise<Callee> => lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });

  /** One call, given up as soon as it has been planned and the caller is kept company. */
  const whatACallMakes = async (alice: Callee): Promise<Made> => {
    const call = await lab.caller().call(alice);
    await call.waitFor('ringing');
    const callId = await lab.callId(call);
    const entries: ToldEntry[] = [];
    await expect
      .poll(async () => {
        entries.splice(0, entries.length, ...(await lab.story(callId)).timeline);
        return entries.map(({ what }) => what);
      })
      .toContain('hold');
    await call.hangUp();
    const facts = (what: string) => entries.find((entry) => entry.what === what)?.facts ?? {};
    return { waitMs: facts('planned').waitMs, message: facts('hold').message, afterwards: facts('hold').afterwards };
  };

  it('an edit and a reload count for the next call, quoted or bare, in any case', async () => {
    const alice = await registered();
    const sinceMs = nowMs();
    for (const { lines, made } of sense) {
      await edit(lines);
      expect(await whatACallMakes(alice), JSON.stringify(lines)).toEqual({ ...BY_DEFAULT, ...made });
    }
    const warnings = lab.router.log.find(/WARN .*makes no sense/).filter(({ atMs }) => atMs >= sinceMs);
    expect(warnings).toEqual([]);
  });

  it('EDGES 32: nonsense becomes the default or the nearest bound, and each is warned of once', async () => {
    const alice = await registered();
    for (const { name, value, used, made, beside = {} } of nonsense) {
      await edit({ ...beside, [name]: value });
      const sinceMs = nowMs();
      expect(await whatACallMakes(alice), `${name} = ${value}`).toEqual({ ...BY_DEFAULT, ...made });
      // The second call finds the same value, and says nothing more of it.
      const again = await lab.caller().call(alice);
      await again.waitFor('ringing');
      await lab.callId(again);
      await again.hangUp();
      const warnings = lab.router.log.find(/WARN .*makes no sense/).filter(({ atMs }) => atMs >= sinceMs);
      expect(warnings.map(({ text }) => text)).toEqual([
        expect.stringContaining(`${name} is ${JSON.stringify(value)}, which makes no sense there; ${used} is used`),
      ]);
    }
  });

  it('EDGES 32: nonsense fails no call', async () => {
    await edit(Object.fromEntries(Object.keys(GLOBALS).map((name) => [name, '"abc%{}$[ \\"'])));
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
  });

  it('a reload in the middle of a call leaves that call as it was planned', async () => {
    await edit({ XIVO_MAPP_LOOPS_INTERVAL: '60' });
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call(alice);
    await alice.mobile.waitForPush();
    await edit({ XIVO_MAPP_LOOPS_MOBILEAPP: '0', XIVO_MAPP_LOOPS_INTERVAL: '1' });
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    const { timeline } = await lab.story(call);
    expect(timeline.find(({ what }) => what === 'planned')?.facts.waitMs).toBe(180_000);
  });
});
