/** The door of FastAGI, connections that are reset: before the request, inside it, while an answer is awaited, with commands under way, half closed. None leaves anything behind. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { type Agi, agiServer } from '../../src/asterisk/agi/server.ts';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import { DialplanClient } from '../asterisk/agi/dialplan-client.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';
import { agiReset, reset } from './resets.ts';

nothingUncaught();

const log = fakeLog();
let agi: Agi;
let port: number;
let serving = 0;

beforeEach(async () => {
  agi = agiServer({ host: '127.0.0.1', port: 0, log });
  port = await agi.listen(async ({ caller }) => {
    serving += 1;
    try {
      // Several commands at once, as a call has them under way.
      const looks = Array.from({ length: 4 }, () => caller.read({ variables: ['X'], globals: [], contactsOf: [] }));
      for (const look of await Promise.allSettled(looks)) if (look.status === 'rejected') throw look.reason;
      await caller.giveBack('READY', 'mobile');
    } catch (fault) {
      if (!(fault instanceof CallerGone) && !(fault instanceof PbxError)) throw fault;
    } finally {
      serving -= 1;
    }
  });
});
afterEach(() => agi.close());

async function allGone(): Promise<void> {
  for (let turns = 0; agi.sessions() + serving > 0; turns += 1) {
    if (turns > 20_000) throw new Error(`${agi.sessions()} sessions stay open, ${serving} are still served`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('resets in every state leave a server that serves, and no session', LONG, async () => {
  await feed('agi', 0.1, agiReset, async (resets) => {
    await Promise.all(resets.map((one) => reset(port, one)));
    await allGone();
    const good = new DialplanClient(port).ask('lookup', ['7']);
    await good.ended;
    expect(good.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
  });
  expect(log.at('error')).toEqual([]);
});
