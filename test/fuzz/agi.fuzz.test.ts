/**
 * The door of FastAGI: conversations with things wrong in them, in the request, in the answers and in how they end, each on a socket of its own. None ends the router or leaves
 * anything behind, none is served that is not right to the letter, and a dialplan at the other end reads FAILED.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { type Agi, type AgiArrival, agiServer } from '../../src/asterisk/agi/server.ts';
import { CallerGone, PbxError } from '../../src/call/errors.ts';
import { DialplanClient } from '../asterisk/agi/dialplan-client.ts';
import { type Conversation, conversation, isAll, isRight, scripts } from './agi-conversations.ts';
import { nothingUncaught } from './alive.ts';
import { feed, LONG } from './feed.ts';

/** What the caller's port may be asked for, all of it; whatever Asterisk answers, it is a value or one of two errors. */
async function serve({ caller, asked }: AgiArrival): Promise<void> {
  const acts = [
    () =>
      caller.read({ variables: ['XIVO_MAPP_DEVICE', 'CHANNEL(musicclass)'], globals: ['X'], contactsOf: ['PJSIP/a'] }),
    () => caller.write({ XIVO_MAPP_DIAL: 'PJSIP/a/sip:a@h' }),
    () => caller.startHold({ message: undefined, afterwards: { kind: 'music', musicClass: 'default' } }),
    () => (asked === 'ended' ? caller.letGo() : caller.giveBack('READY', 'mobile')),
  ];
  for (const act of acts) {
    try {
      await act();
    } catch (fault) {
      if (!(fault instanceof CallerGone) && !(fault instanceof PbxError)) throw fault;
    }
  }
}

describe('the door of FastAGI', () => {
  nothingUncaught();
  let agi: Agi;
  let port: number;
  let served: AgiArrival[];
  let serving = 0;
  const log = fakeLog();

  beforeEach(async () => {
    agi = agiServer({ host: '127.0.0.1', port: 0, log, requestMs: 20_000, commandMs: 20_000 });
    port = await agi.listen((arrival) => {
      served.push(arrival);
      serving += 1;
      return serve(arrival).finally(() => {
        serving -= 1;
      });
    });
  });
  afterEach(() => agi.close());

  async function hold({ request, cutAt, answers, endsAfter }: Conversation): Promise<DialplanClient> {
    const client = new DialplanClient(port);
    const left = [...answers];
    client.answers = (_command, usual) => {
      if (client.commands.length > endsAfter) {
        client.socket.end();
        return undefined;
      }
      const next = left.shift();
      if (next === undefined) return usual;
      client.socket.write(next);
      // Completes what may be none yet; what was one answer then has two, as from a speaker that is out of step.
      return '\n520 End';
    };
    const at = Math.floor((request.length * cutAt) / 1_000);
    client.socket.write(request.subarray(0, at));
    client.socket.write(request.subarray(at));
    // Whoever has sent no whole request has no more to say.
    if (!/(^|\n)\r?\n/.test(request.toString('latin1'))) client.socket.end();
    await client.ended;
    return client;
  }

  async function allGone(): Promise<void> {
    for (let turns = 0; agi.sessions() + serving > 0; turns += 1) {
      if (turns > 20_000) throw new Error(`${agi.sessions()} sessions stay open, ${serving} are still served`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('withstands whatever speaks there, and serves nothing that is not right to the letter', LONG, async () => {
    await feed('agi', 1, conversation, async (conversations) => {
      served = [];
      const clients = await Promise.all(conversations.map(hold));
      await allGone();
      const right = conversations.filter(({ request: sent }) => isRight(sent)).length;
      expect(served.length).toBeLessThanOrEqual(right);
      for (const [index, client] of clients.entries()) {
        const one = conversations[index];
        if (one === undefined || one.answers.length > 0 || one.endsAfter < 1_000) continue;
        // A dialplan that answers as it should is told, either way; other speakers get no more than that.
        if (isRight(one.request) && isAll(one.request)) expect(client.commands.length).toBeGreaterThan(3);
        if (!isRight(one.request) && client.commands.length > 0)
          expect(client.variables.get('XIVO_MAPP_STATUS')).toBe('FAILED');
      }
      for (const { asked, userId, caller } of served) {
        expect(scripts).toContain(asked);
        expect(userId).toMatch(asked === 'ended' ? /^$/ : /^[\w.-]{1,128}$/);
        expect(`${caller.party.name}${caller.party.number}`).not.toMatch(/\p{Cc}/u);
      }
      served = [];
      const good = new DialplanClient(port).ask('lookup', ['7']);
      await good.ended;
      expect(good.variables.get('XIVO_MAPP_STATUS')).toBe('READY');
    });
    expect(log.at('error').map(({ message }) => message)).not.toContain('an AGI session has a fault');
  });
});
