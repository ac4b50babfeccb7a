/** The caller's channel through an AGI session over a real socket: what is asked, ordered and said, and what becomes of it when the caller hangs up or Asterisk refuses. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeLog } from '../../../lab/fakes/log.ts';
import { type Agi, type AgiArrival, agiServer } from '../../../src/asterisk/agi/server.ts';
import { CallerGone, PbxError } from '../../../src/call/errors.ts';
import type { HoldNews, WaitingCaller } from '../../../src/call/ports.ts';
import { DialplanClient } from './dialplan-client.ts';

const EVIL = 'EVIL($' + '{X})';
const MUSIC = { message: 'one-moment-please', afterwards: { kind: 'music', musicClass: undefined } } as const;

describe('a caller through AGI', () => {
  let agi: Agi;
  let client: DialplanClient;
  let caller: WaitingCaller;
  let done: () => void;

  beforeEach(async () => {
    agi = agiServer({ host: '127.0.0.1', port: 0, log: fakeLog(), commandMs: 2_000 });
    const arrived = Promise.withResolvers<AgiArrival>();
    const { promise, resolve } = Promise.withResolvers<void>();
    done = resolve;
    const port = await agi.listen((arrival) => {
      arrived.resolve(arrival);
      return promise;
    });
    client = new DialplanClient(port).ask('wake', ['7']);
    caller = (await arrived.promise).caller;
    client.commands.length = 0;
  });
  afterEach(async () => {
    done();
    client.socket.destroy();
    await agi.close();
  });

  const read = (variables: readonly string[], globals: readonly string[] = [], contactsOf: readonly string[] = []) =>
    caller.read({ variables, globals, contactsOf });

  it('reads whatever is in a variable, in one command', async () => {
    const values = { A: 'x & y', B: '200 result=1 (', 'CHANNEL(musicclass)': 'é"\\\n%41', C: '', D: ')&x' };
    for (const [name, value] of Object.entries(values)) client.variables.set(name, value);
    client.variables.set('GLOBAL(A)', '"True"');
    const { variables, globals } = await read([...Object.keys(values), 'NOT A NAME', EVIL], ['A']);
    expect(Object.fromEntries(variables)).toEqual({ ...values, 'NOT A NAME': '', [EVIL]: '' });
    expect(globals.get('A')).toBe('"True"');
    expect(client.commands).toHaveLength(1);
  });

  it('asks in as many commands as Asterisk takes', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `A_VARIABLE_OF_SOME_LENGTH_${index}`);
    for (const name of names) client.variables.set(name, `of ${name}`);
    const { variables } = await read(names);
    expect([...variables.values()]).toEqual(names.map((name) => `of ${name}`));
    expect(client.commands.length).toBeGreaterThan(3);
    for (const command of client.commands) expect(command.length).toBeLessThan(2_000);
  });

  it('finds the contacts of endpoints, of several AORs too, and leaves out what cannot be asked about', async () => {
    client.variables
      .set('PJSIP_ENDPOINT(alice,aors)', 'alice, desk')
      .set('PJSIP_AOR(alice,contact)', `alice;@1,alice;@2,${EVIL}`)
      .set('PJSIP_AOR(desk,contact)', 'desk;@3')
      .set('PJSIP_CONTACT(alice;@1,uri)', 'sip:alice@10.0.0.1')
      .set('PJSIP_CONTACT(alice;@1,expiration_time)', '1700000600')
      .set('PJSIP_CONTACT(desk;@3,uri)', 'sip:desk@10.0.0.2')
      .set('PJSIP_CONTACT(desk;@3,expiration_time)', 'soon');
    const { contacts } = await read([], [], ['PJSIP/alice', 'PJSIP/nobody', 'PJSIP/a,b', 'SIP/alice']);
    expect(contacts).toEqual([
      { endpoint: 'PJSIP/alice', uri: 'sip:alice@10.0.0.1', expiresAtSec: 1_700_000_600 },
      { endpoint: 'PJSIP/alice', uri: 'sip:desk@10.0.0.2', expiresAtSec: 0 },
    ]);
    expect(client.commands.join('\n')).not.toMatch(/a,b|EVIL/);
  });

  it('writes whatever is in a value as one argument of one command', async () => {
    await caller.write({
      A: 'x "y" \\ z',
      B: 'one\nSET VARIABLE C "2"',
      XIVO_MAPP_DIAL: 'PJSIP/a/sip:a@h;x=1&PJSIP/b',
    });
    expect(client.variables.get('A')).toBe('x "y" \\ z');
    expect(client.variables.get('B')).toBe('one SET VARIABLE C "2"');
    expect(client.variables.has('C')).toBe(false);
    expect(client.variables.get('XIVO_MAPP_DIAL')).toBe('PJSIP/a/sip:a@h;x=1&PJSIP/b');
  });

  it('sends nothing that Asterisk would take for two commands, and goes on', async () => {
    await expect(caller.write({ A: 'é'.repeat(1_000) })).rejects.toThrow(PbxError);
    expect(client.commands).toEqual([]);
    await caller.write({ A: '1' });
    expect(client.variables.get('A')).toBe('1');
  });

  const STREAM = 'STREAM FILE one-moment-please ""';
  /** A sound that goes on until it is cut short, as Asterisk has it: then it has no answer of its own. */
  const playsOn = (command: string, usual: string) => (command === STREAM ? undefined : usual);

  it('has the caller hear the message, then music, until it is stopped', async () => {
    const news: HoldNews[] = [];
    await caller.startHold(MUSIC, (one) => news.push(one));
    await client.commanded(/MUSIC ON/);
    await expect.poll(() => news).toEqual([{ what: 'message', played: true }]);
    expect(client.commands).toEqual(['EXEC Progress', STREAM, 'SET MUSIC ON']);
    await caller.stopHold();
    await caller.stopHold();
    expect(client.commands.slice(3)).toEqual(['SET MUSIC OFF']);
  });

  it('tells of a message that there is not, and the caller hears music at once', async () => {
    client.answers = (command, usual) => (command === STREAM ? '200 result=-1 endpos=0' : usual);
    const news: HoldNews[] = [];
    await caller.startHold(MUSIC, (one) => news.push(one));
    await expect.poll(() => news).toEqual([{ what: 'message', played: false }]);
    expect(client.commands.at(-1)).toBe('SET MUSIC ON');
  });

  it('a message holds up no order, and nothing follows it then', async () => {
    client.answers = playsOn;
    await caller.startHold(MUSIC);
    await client.commanded(/STREAM/);
    await caller.write({ A: '1' });
    await caller.giveBack('READY', 'mobile');
    await client.ended;
    expect(client.commands.slice(0, 4)).toEqual(['EXEC Progress', STREAM, 'NOOP', 'SET VARIABLE A "1"']);
    expect(client.commands).not.toContain('SET MUSIC ON');
  });

  it('a message that ends in the moment in which it is cut short has two answers', async () => {
    client.answers = (command, usual) =>
      command === STREAM ? undefined : command === 'NOOP' ? `200 result=0 endpos=9\n${usual}` : usual;
    await caller.startHold(MUSIC);
    await client.commanded(/STREAM/);
    client.variables.set('A', 'of A');
    await caller.write({ B: '1' });
    expect((await read(['A'])).variables.get('A')).toBe('of A');
  });

  it.each([1, 2, 3])(
    'a message is cut short also where Asterisk has read %i of the orders to do so too early',
    async (early) => {
      let unread = 0;
      client.answers = (command, usual) => {
        if (command === STREAM) return undefined;
        if (command !== 'NOOP') return unread === 0 ? usual : undefined;
        // It looks at what it has read only when more comes, at one for each.
        unread += 1;
        if (unread <= early) return undefined;
        const told = Array.from({ length: unread }, () => '200 result=0').join('\n');
        unread = 0;
        return told;
      };
      await caller.startHold(MUSIC);
      await client.commanded(/STREAM/);
      await caller.write({ A: '1' });
      expect(client.variables.get('A')).toBe('1');
      client.variables.set('B', 'of B');
      expect((await read(['B'])).variables.get('B')).toBe('of B');
      expect(client.commands.filter((command) => command === 'NOOP')).toHaveLength(early + 1);
    },
  );

  it('what is only asked waits for the end of the message', async () => {
    client.answers = playsOn;
    await caller.startHold(MUSIC);
    await client.commanded(/STREAM/);
    const asked = read(['A']);
    client.send('200 result=0 endpos=3404');
    await asked;
    expect(client.commands).not.toContain('NOOP');
  });

  it('goes on, and plays nothing, where the message was about to begin', async () => {
    const asked = read(['A']);
    await caller.startHold({ ...MUSIC, message: 'one-moment-please' });
    await caller.giveBack('READY', 'mobile');
    await asked;
    await client.ended;
    expect(client.commands.filter((command) => /MUSIC ON/.test(command))).toEqual([]);
  });

  it.each([
    [{ kind: 'music', musicClass: 'jazz' }, ['EXEC Progress', 'SET MUSIC ON jazz'], ['SET MUSIC OFF']],
    [{ kind: 'music', musicClass: 'a b"' }, ['EXEC Progress', 'SET MUSIC ON'], ['SET MUSIC OFF']],
    [{ kind: 'ringing' }, ['EXEC Ringing'], []],
    [{ kind: 'tone', country: '' }, ['EXEC Progress', 'EXEC PlayTones 440/1500,0/3500'], ['EXEC StopPlayTones']],
    [
      { kind: 'tone', country: 'fr' },
      [
        'EXEC Progress',
        'SET VARIABLE CHANNEL(tonezone) "fr"',
        'EXEC TryExec PlayTones(ring)',
        expect.stringMatching(/^GET FULL VARIABLE .*TRYSTATUS/),
      ],
      ['EXEC StopPlayTones'],
    ],
  ] as const)('has the caller hear %j', async (afterwards, start, stop) => {
    await caller.startHold({ message: undefined, afterwards });
    expect(client.commands).toEqual(start);
    await caller.giveBack('READY', 'mobile');
    await client.ended;
    const said = ['SET VARIABLE XIVO_MAPP_STATUS "READY"', 'SET VARIABLE XIVO_MAPP_REASON "mobile"'];
    expect(client.commands.slice(start.length).sort()).toEqual([...stop, ...said].sort());
  });

  it.each([
    ['FAILED', [{ what: 'tone', played: false }]],
    ['SUCCESS', []],
  ])('tells of a tone whose trial ends with %s', async (status, told) => {
    client.variables.set('TRYSTATUS', status);
    const news: HoldNews[] = [];
    await caller.startHold({ message: undefined, afterwards: { kind: 'tone', country: 'fr' } }, (one) =>
      news.push(one),
    );
    expect(news).toEqual(told);
  });

  it('stops what was still being started', async () => {
    for (const when of ['EXEC Progress', 'STREAM FILE', 'SET MUSIC ON']) {
      client.commands.length = 0;
      const starting = caller.startHold(MUSIC);
      await client.commanded(new RegExp(when));
      await Promise.all([starting, caller.stopHold()]);
      expect(client.commands.at(-1)).toBe('SET MUSIC OFF');
    }
  });

  it('starts nothing once the dialplan is about to go on', async () => {
    const starting = caller.startHold(MUSIC);
    const given = caller.giveBack('READY', 'mobile');
    await expect(starting).rejects.toThrow(CallerGone);
    await given;
    await client.ended;
    expect(client.commands.filter((command) => /EXEC|MUSIC/.test(command))).toEqual([]);
  });

  it.each([
    ['510 Invalid or unknown command', /Asterisk refused ANSWER: 510/],
    ['200 result=-1', /Asterisk refused ANSWER: result -1/],
    [
      '520-Invalid command syntax.  Proper usage follows:\nUsage: ANSWER\n520 End of proper usage.',
      /refused ANSWER: 520/,
    ],
    ['100 Trying\n200 result=-2', /result -2/],
  ])('is told that Asterisk refuses: %s', async (answer, why) => {
    client.answers = (command, usual) => (command === 'ANSWER' ? answer : usual);
    await expect(caller.answer()).rejects.toThrow(why);
    client.answers = (_command, usual) => usual;
    await caller.answer();
  });

  it('has left when the caller hangs up, and can be written to until it is let go', async () => {
    client.send('HANGUP');
    await expect.poll(() => caller.left.aborted).toBe(true);
    expect(caller.left.reason).toBeInstanceOf(CallerGone);
    await expect(read(['A'])).rejects.toThrow(CallerGone);
    await expect(caller.giveBack('READY', 'mobile')).rejects.toThrow(CallerGone);
    await caller.write({ A: '2' });
    expect(client.variables.get('A')).toBe('2');
    await caller.letGo();
    await client.ended;
    await expect(caller.write({ A: '3' })).rejects.toThrow(CallerGone);
  });

  it('has left when a command is refused on a channel that is dead', async () => {
    client.answers = (command, usual) =>
      command.startsWith('SET MUSIC') ? '511 Command Not Permitted on a dead channel or intercept routine' : usual;
    await expect(caller.startHold({ ...MUSIC, message: undefined })).rejects.toThrow(CallerGone);
  });

  it('lets the dialplan go on although it could not be told how it ended', async () => {
    client.answers = (command, usual) => (command.startsWith('SET VARIABLE') ? '200 result=-1' : usual);
    await caller.giveBack('READY', 'mobile');
    await client.ended;
  });

  it('is hung up', async () => {
    await caller.hangUp();
    await client.ended;
    expect(client.commands).toEqual(['HANGUP']);
  });

  it('leaves nothing waiting when the connection breaks', async () => {
    client.answers = () => undefined;
    const asked = read(['A']);
    await client.commanded(/GET FULL/);
    client.socket.destroy();
    await expect(asked).rejects.toThrow(CallerGone);
    await expect(caller.write({ A: '1' })).rejects.toThrow(CallerGone);
    await expect(caller.startHold(MUSIC)).rejects.toThrow(CallerGone);
    await caller.letGo();
  });
});
