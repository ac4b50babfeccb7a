/** What a dialplan may ask by AGI(), as it arrives, and what is refused by name. */
import { describe, expect, it } from 'vitest';
import { readRequest } from '../../../src/asterisk/agi/request.ts';
import { requestLines } from './dialplan-client.ts';

describe('an AGI request', () => {
  it('says what is asked, for whom, and who calls', () => {
    expect(readRequest(requestLines('wake', ['7']))).toEqual({
      asked: 'wake',
      userId: '7',
      channelId: '1700000000.1',
      caller: { name: 'Carol', number: '0612345678' },
    });
    expect(readRequest(requestLines('lookup', ['a.b-c_9']))).toMatchObject({ asked: 'lookup', userId: 'a.b-c_9' });
    expect(readRequest(requestLines('ended'))).toMatchObject({ asked: 'ended', userId: '' });
  });

  it('knows a caller of whom nothing is known, and one with any name', () => {
    const unknown = requestLines('wake', ['7'], { agi_callerid: 'unknown', agi_calleridname: 'unknown' });
    expect(readRequest(unknown).caller).toEqual({ name: '', number: '' });
    const strange = requestLines('wake', ['7'], { agi_calleridname: `é: "x" \u0007${'y'.repeat(500)}` });
    const quoted = requestLines('wake', ['7'], { agi_calleridname: 'Ann \\"the\\" Boss' });
    expect(readRequest(quoted).caller.name).toBe('Ann "the" Boss');
    expect(readRequest(strange).caller.name).toBe(`é: "x"  ${'y'.repeat(500)}`.slice(0, 80));
  });

  it.each([
    ['fetch', ['7'], /there are lookup, wake and ended \("fetch"\)/],
    ['', ['7'], /there are lookup, wake and ended/],
    ['wake/', ['7'], /there are lookup, wake and ended/],
    ['wake?user=7', [], /arguments stand behind a comma/],
    ['wake', [], /it needs the user id/],
    ['wake', [''], /the user id is not 1 to 128/],
    ['wake', ['7 8'], /the user id is not 1 to 128/],
    ['wake', ['é'], /the user id is not 1 to 128/],
    ['wake', ['x'.repeat(129)], /the user id is not 1 to 128/],
    ['wake', ['7', ''], /wake takes one argument, the user id/],
    ['ended', ['7'], /ended takes no argument/],
  ] as const)('is refused: %s %j', (script, args, why) => {
    expect(() => readRequest(requestLines(script, args))).toThrow(why);
  });

  it.each([
    ['a name twice, as a line break in a caller’s name would make it', ['agi_arg_1: 8'], /has agi_arg_1 twice/],
    ['a line of something else', ['GET / HTTP/1.1'], /no line of an AGI request/],
    ['a name in capitals', ['AGI_X: 1'], /no line of an AGI request/],
    ['an empty name', ['agi_: 1'], /no line of an AGI request/],
  ])('is refused with %s', (_what, extra, why) => {
    expect(() => readRequest([...requestLines('wake', ['7']), ...extra])).toThrow(why);
  });

  it.each([
    { agi_network: 'no' },
    { agi_uniqueid: '' },
    { agi_uniqueid: 'a b' },
    { agi_uniqueid: '../x' },
    { agi_uniqueid: 'x'.repeat(151) },
  ])('is refused with %j', (wrong) => {
    expect(() => readRequest(requestLines('wake', ['7'], wrong))).toThrow(/agi_(network|uniqueid) is/);
  });

  it('repeats nothing at length', () => {
    const long = 'z'.repeat(10_000);
    for (const lines of [[long], requestLines(long), requestLines('wake', [long])]) {
      let words = '';
      try {
        readRequest(lines);
      } catch (fault) {
        words = String(fault);
      }
      expect(words.length).toBeGreaterThan(20);
      expect(words.length).toBeLessThan(250);
    }
  });
});
