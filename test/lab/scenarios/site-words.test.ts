/**
 * The globals that the dialplan alone reads, as a site writes them: bare, in quotes of either kind, with blanks, as the sample has them, and as nonsense.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Ending } from '../../../lab/asterisk/asterisk.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { OWN_DIAL, OWN_DIALPLAN } from '../../../lab/rigs/own-dial.ts';
import { endingOfCallTo } from '../../../lab/rigs/xivo-site.ts';

const SAMPLE = readFileSync(resolve(import.meta.dirname, '../../../dialplan/xivo_globals.conf.sample'), 'utf8');
const written = (value: string): string[] => [value, `"${value}"`, `'${value}'`, `" ${value} "`];
const ASKED = { status: 'PASSED', reason: 'unknown-user' };
const ABSENT = { reason: 'router-absent' };
/** The lab names the application on each channel: here what the site has set shall count. */
const GLOBAL_ONE = '$' + '{GLOBAL(XIVO_MAPP_APP)}';
/** Somebody of whom nothing is known and whom nothing can ring: the router passes the call back, if it is asked at all. */
const unknown = {
  inRegistry: false,
  ringingDevice: 'WebApp',
  variables: { XIVO_MAPP_APP: GLOBAL_ONE, XIVO_INTERFACE: '' },
} as const;

describe.each([16, 22] as const)('globals of the dialplan on Asterisk %i', (version) => {
  let lab: Lab;
  let agi: string;
  beforeAll(async () => {
    lab = await startLab({ version, asterisk: { extraDialplan: OWN_DIALPLAN } });
    agi = `127.0.0.1:${lab.router.environment.AGI_PORT}`;
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  async function endingWith(globals: string, prefix = ''): Promise<Ending> {
    await lab.asterisk.reloadGlobals(globals);
    const { number } = await lab.user(unknown);
    const ending = await endingOfCallTo(`${prefix}${number}`, lab);
    await lab.nothingRemains();
    return ending;
  }

  it('the sample, with every line in force', async () => {
    expect(await endingWith(SAMPLE.replaceAll(/^;(XIVO_MAPP_)/gm, '$1'))).toMatchObject(ASKED);
  });

  it('XIVO_MAPP_APP, however it is written', async () => {
    for (const value of written('xivo-mapp')) {
      expect(await endingWith(`XIVO_MAPP_APP = ${value}`)).toMatchObject(ASKED);
    }
    for (const value of written('another')) {
      expect(await endingWith(`XIVO_MAPP_APP = ${value}`)).toMatchObject(ABSENT);
    }
  });

  it.each(['a b', '"x"y"', 'x)y:1', 'a,b', '${' + 'x}', '""'])(
    'XIVO_MAPP_APP = %s is nonsense: the default',
    async (value) => {
      expect(await endingWith(`XIVO_MAPP_APP = ${value}`)).toMatchObject(ASKED);
    },
  );

  it('XIVO_MAPP_AGI, however it is written', async () => {
    for (const value of written(agi)) {
      expect(await endingWith(`XIVO_MAPP_AGI = ${value}`, OWN_DIAL)).toMatchObject(ASKED);
    }
    for (const value of ['"127.0.0.1:1"', 'no such host']) {
      expect(await endingWith(`XIVO_MAPP_AGI = ${value}`, OWN_DIAL)).toMatchObject(ABSENT);
    }
    const log = await lab.asterisk.logTail(400);
    expect(log).toContain('XIVO_MAPP_AGI is "no such host", which makes no sense, and "127.0.0.1:4580" is taken');
  });

  it.each(['"1"', "' 1 '"])('XIVO_RINGSECONDS = %s, without the router', async (seconds) => {
    await lab.asterisk.reloadGlobals('XIVO_MAPP_APP = nobody');
    const variables = { XIVO_MAPP_APP: GLOBAL_ONE, XIVO_RINGSECONDS: seconds };
    const alice = await lab.user({ inRegistry: false, ringingDevice: 'WebApp', variables });
    expect(await endingOfCallTo(alice.number, lab)).toMatchObject({ status: 'NOANSWER', scenario: 'NOANSWER' });
  });
});
