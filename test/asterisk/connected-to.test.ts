/** The dialplan's word that it connects a leg: one variable of one channel. Of all the others that Asterisk tells of nothing is read, and nobody hears. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../src/asterisk/events.ts';
import type { ChannelOwner } from '../../src/asterisk/switchboard.ts';
import { quietBoard } from './quiet-board.ts';

const LEG = 'xm-0011223344556677-leg-0001';
const VALUE = 'mobile 1700000000.1';
/** As Asterisk sends it. `doing` is what the dialplan is at: its step stands in each event of the channel. */
const frameOf = (variable: string, value: string, doing = 'x', channelId = LEG): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: 'ChannelVarset',
      variable,
      value,
      channel: { id: channelId, state: 'Up', dialplan: { app_name: 'Set', app_data: doing } },
    }),
  );

const deskWith = (channelId: string) => {
  const heard: string[] = [];
  const stray: string[] = [];
  const board = quietBoard({ hangUpStray: (id) => stray.push(id) });
  const owner: ChannelOwner = {
    settled: true,
    onState: (state) => heard.push(state),
    onEnd() {},
    onDestroyed() {},
    onVariable: (value) => heard.push(value),
    onConnected: (legId, on) => heard.push(`connected with ${legId} on ${on}`),
  };
  board.own(channelId, owner);
  const take = (frame: Buffer) => {
    const answer = readEvent(frame);
    if (answer.kind === 'event') board.take(answer.event);
    return answer.kind;
  };
  return { board, heard, stray, take };
};

describe('a variable that a channel has got', () => {
  it('is heard by the channel’s owner where it says that a leg is connected', () => {
    const { heard, stray, take } = deskWith(LEG);
    expect(take(frameOf('XIVO_MAPP_CONNECTED_TO', VALUE))).toBe('event');
    take(frameOf('XIVO_MAPP_CONNECTED_TO', VALUE, 'x', '1700000000.9'));
    expect([heard, stray]).toEqual([[VALUE], []]);
  });

  it('is not even read where it is any other, and no more is its value, though they say what we listen to', () => {
    const { heard, take } = deskWith(LEG);
    fc.assert(
      fc.property(fc.string(), fc.string(), (variable, value) => {
        fc.pre(!`${variable}${value}`.includes('XIVO_MAPP_CONNECTED_TO'));
        expect(take(frameOf(variable, value))).toBe('unknown');
      }),
    );
    // What is not read cannot be wrong.
    expect(take(Buffer.from('{"type":"ChannelVarset","variable":7'))).toBe('unknown');
    const step = `XIVO_MAPP_CONNECTED_TO=${VALUE}`;
    expect(take(frameOf('XIVO_MAPP_ON', 'mobile', step))).not.toBe('malformed');
    expect(take(frameOf('A', 'XIVO_MAPP_CONNECTED_TO'))).not.toBe('malformed');
    expect(take(frameOf('XIVO_MAPP_CONNECTED_TOO', VALUE))).not.toBe('malformed');
    expect(heard).toEqual([]);
  });

  it('is dropped where it has no value, or no channel', () => {
    const { heard, take } = deskWith(LEG);
    for (const event of [{ value: 7 }, { value: 'x' }, { channel: { id: LEG, state: 'Up' } }]) {
      const frame = { type: 'ChannelVarset', variable: 'XIVO_MAPP_CONNECTED_TO', ...event };
      expect(take(Buffer.from(JSON.stringify(frame)))).toBe('malformed');
    }
    expect(heard).toEqual([]);
  });
});

describe('a leg', () => {
  it('tells the caller with whom it is connected, and nobody where the caller is nobody’s', () => {
    const { board, heard } = deskWith('1700000000.1');
    board.connected('1700000000.1', LEG, 'webapp');
    board.connected('1700000000.2', LEG, 'webapp');
    expect(heard).toEqual([`connected with ${LEG} on webapp`]);
  });

  it.each([
    ['Ringing', [LEG]],
    ['Up', []],
  ])('that nobody owns, and is %s, is hung up: %j', (state, hungUp) => {
    const { board, stray } = deskWith('1700000000.1');
    const channel = { id: LEG, name: '', state, caller: { name: '', number: '' } };
    board.take({ type: 'ChannelStateChange', channel: { ...channel, dialplan: { app_name: '', app_data: '' } } });
    expect(stray).toEqual(hungUp);
  });
});
