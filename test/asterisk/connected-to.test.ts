/** The dialplan's word that it connects a leg: one user event of one channel. Of those of others that Asterisk tells of nothing is read, and nobody hears. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelOwner } from '../../src/asterisk/app/channel-owner.ts';
import { readEvent } from '../../src/asterisk/ari/events.ts';
import { quietDispatcher } from './quiet-dispatcher.ts';

const LEG = 'xm-0011223344556677-leg-0001';
const VALUE = 'mobile 1700000000.1';
/** As Asterisk sends it. `doing` is what the dialplan is at: its step stands in each event of the channel. */
const frameOf = (eventname: string, to: string, doing = 'x', channelId = LEG): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: 'ChannelUserevent',
      eventname,
      userevent: { eventname, to },
      channel: { id: channelId, state: 'Up', dialplan: { app_name: 'UserEvent', app_data: doing } },
    }),
  );

const deskWith = (channelId: string) => {
  const heard: string[] = [];
  const stray: string[] = [];
  const dispatcher = quietDispatcher({ hangUpStray: (id) => stray.push(id) });
  const owner: ChannelOwner = {
    settled: true,
    onState: (state) => heard.push(state),
    onEnd() {},
    onDestroyed() {},
    onConnectedTo: (value) => heard.push(value),
    onConnected: (legId, on) => heard.push(`connected with ${legId} on ${on}`),
  };
  dispatcher.own(channelId, owner);
  const take = (frame: Buffer) => {
    const answer = readEvent(frame);
    if (answer.kind === 'event') dispatcher.take(answer.event);
    return answer.kind;
  };
  return { dispatcher, heard, stray, take };
};

describe('a user event of a channel', () => {
  it('is heard by the channel’s owner where it says that a leg is connected', () => {
    const { heard, stray, take } = deskWith(LEG);
    expect(take(frameOf('xivo-mapp-connected', VALUE))).toBe('event');
    take(frameOf('xivo-mapp-connected', VALUE, 'x', '1700000000.9'));
    expect([heard, stray]).toEqual([[VALUE], []]);
  });

  it('is not even read where it is any other, and no more is its value, though they say what we listen to', () => {
    const { heard, take } = deskWith(LEG);
    fc.assert(
      fc.property(fc.string(), fc.string(), (name, value) => {
        fc.pre(!`${name}${value}`.includes('xivo-mapp-'));
        expect(take(frameOf(name, value))).toBe('unknown');
      }),
    );
    // What is not read cannot be wrong.
    expect(take(Buffer.from('{"type":"ChannelUserevent","eventname":7'))).toBe('unknown');
    expect(take(frameOf('theirs', 'mobile', `xivo-mapp-connected,to:${VALUE}`))).not.toBe('malformed');
    expect(take(frameOf('A', 'xivo-mapp-connected'))).not.toBe('malformed');
    expect(take(frameOf('xivo-mapp-connected-too', VALUE))).not.toBe('malformed');
    expect(take(frameOf('xivo-mapp-probe', VALUE))).not.toBe('malformed');
    expect(heard).toEqual([]);
  });

  it('means nothing where it says with nobody, and is dropped where it is not as it should be', () => {
    const { heard, take } = deskWith(LEG);
    const frame = (event: object) =>
      Buffer.from(JSON.stringify({ type: 'ChannelUserevent', eventname: 'xivo-mapp-connected', ...event }));
    for (const event of [{ userevent: 7 }, { userevent: { to: 7 } }, { channel: { id: LEG } }, { channel: 7 }])
      expect(take(frame(event))).toBe('malformed');
    expect(take(frame({ userevent: { to: VALUE } }))).toBe('event');
    expect(heard).toEqual([]);
    expect(take(frame({ channel: { id: LEG, state: 'Up' } }))).toBe('event');
    expect(heard).toEqual(['']);
  });
});

describe('a leg', () => {
  it('tells the caller with whom it is connected, and nobody where the caller is nobody’s', () => {
    const { dispatcher, heard } = deskWith('1700000000.1');
    dispatcher.connected('1700000000.1', LEG, 'webapp');
    dispatcher.connected('1700000000.2', LEG, 'webapp');
    expect(heard).toEqual([`connected with ${LEG} on webapp`]);
  });

  it.each([
    ['Ringing', [LEG]],
    ['Up', []],
  ])('that nobody owns, and is %s, is hung up: %j', (state, hungUp) => {
    const { dispatcher, stray } = deskWith('1700000000.1');
    const channel = { id: LEG, name: '', state, caller: { name: '', number: '' } };
    dispatcher.take({ type: 'ChannelStateChange', channel: { ...channel, dialplan: { app_name: '', app_data: '' } } });
    expect(stray).toEqual(hungUp);
  });
});
