/** A leg without Asterisk: its events, each once and in their order, and its causes. */
import { describe, expect, it } from 'vitest';
import { legEndOf } from '../../src/asterisk/channels/hangup-causes.ts';
import { Leg } from '../../src/asterisk/channels/leg.ts';
import type { LegEvent } from '../../src/call/ports.ts';

const CALLER = '1700000000.1';

describe('a leg', () => {
  const wordOf = (event: LegEvent): string => {
    if (event.kind === 'ended') return event.end;
    return event.kind === 'connected' && event.pickedUp ? 'connected to whoever picked up' : event.kind;
  };
  const listen = () => {
    const told: string[] = [];
    const leg = new Leg({
      onEvent: (event: LegEvent) => told.push(wordOf(event)),
      onConnected: (callerId) => told.push(`with ${callerId}`),
      onGone: () => told.push('gone'),
      onFollowed: () => told.push('followed'),
      whereTo: async () => 'nobody follows it here',
    });
    return { leg, told };
  };

  it('holds its events back until the order is taken, and tells each once', () => {
    const { leg, told } = listen();
    leg.onState('Ringing');
    leg.onState('Ringing');
    expect(told).toEqual([]);
    leg.taken();
    for (const state of ['Up', 'Up', 'Ringing']) leg.onState(state);
    for (let n = 0; n < 2; n += 1) leg.onConnectedTo(`mobile ${CALLER}`);
    leg.onDestroyed(16, 'Normal Clearing');
    leg.onDestroyed(16, 'Normal Clearing');
    const kinds = told.filter((word) => word !== 'gone');
    expect(kinds).toEqual(['ringing', 'answered', `with ${CALLER}`, 'connected', 'hung-up']);
  });

  it('tells nothing when the order was refused', () => {
    const { leg, told } = listen();
    leg.onState('Ringing');
    leg.refused(true);
    leg.onState('Up');
    leg.onDestroyed(16, '');
    expect(told).toEqual(['gone']);
  });

  it('is answered where it is connected, also where nothing was heard of an answer; the caller’s side hears of it at once', () => {
    const { leg, told } = listen();
    leg.onConnectedTo(`webapp ${CALLER}`);
    const all = ['answered', `with ${CALLER}`, 'connected'];
    expect([leg.isAnswered, leg.isConnected, told]).toEqual([true, true, all]);
    leg.taken();
    expect(told).toEqual(all);
  });

  it('says that another phone has picked it up', () => {
    const { leg, told } = listen();
    leg.taken();
    leg.onConnectedTo(`picked-up ${CALLER}`);
    expect(told).toEqual(['answered', `with ${CALLER}`, 'connected to whoever picked up']);
  });

  it('is not connected by a word that names no caller', () => {
    const { leg, told } = listen();
    leg.taken();
    for (const value of ['', 'mobile', 'nonsense']) leg.onConnectedTo(value);
    expect([leg.isConnected, told]).toEqual([false, []]);
  });

  it.each([
    [26, 'answered-elsewhere'],
    [16, 'hung-up'],
    [0, 'hung-up'],
  ])('that was answered, was never connected, and ends with cause %i is %s', (cause, end) => {
    const { leg, told } = listen();
    leg.taken();
    leg.onState('Up');
    leg.onDestroyed(cause, '');
    expect(told).toEqual(['answered', 'gone', end]);
  });

  it('of an earlier run keeps what happens until somebody takes it over', () => {
    const { leg, told } = listen();
    leg.found();
    leg.onState('Ringing');
    leg.onConnectedTo(`mobile ${CALLER}`);
    const heard: string[] = [];
    leg.adopt((event) => heard.push(wordOf(event)));
    leg.onDestroyed(16, '');
    expect(heard).toEqual(['ringing', 'answered', 'connected', 'hung-up']);
    expect(told).toEqual([`with ${CALLER}`, 'gone']);
  });

  it.each([
    [true, false, 'declined'],
    [false, false, 'unreachable'],
    [true, true, 'unreachable'],
  ])('that has rung and ends with cause 19, refused: %s, hung up by us: %s, is %s', (isRefused, isOurs, end) => {
    const { leg, told } = listen();
    leg.taken();
    leg.onState('Ringing');
    if (isOurs) leg.hungUp();
    if (isRefused) leg.onRefused();
    leg.onDestroyed(19, 'User alerting, no answer');
    expect(told).toEqual(['ringing', 'gone', end]);
  });
});

describe('the cause of a leg’s end', () => {
  it.each([
    [21, false, 'declined'],
    [17, false, 'busy'],
    [26, false, 'answered-elsewhere'],
    [26, true, 'answered-elsewhere'],
    [16, true, 'hung-up'],
    [0, true, 'hung-up'],
    [19, false, 'unreachable'],
    [18, false, 'unreachable'],
    [34, false, 'unreachable'],
    [0, false, 'unreachable'],
    [16, false, 'answered-elsewhere'],
  ] as const)('%i, answered before: %s, is %s', (cause, answered, end) => {
    expect(legEndOf(cause, { answered })).toBe(end);
  });

  it.each([
    [603, 21, 'declined'],
    [607, 127, 'declined'],
    [403, 21, 'unreachable'],
    [302, 16, 'unreachable'],
    [undefined, 16, 'unreachable'],
  ] as const)('of a phone that has said %s, with cause %i, is %s', (sipStatus, cause, end) => {
    expect(legEndOf(cause, { refused: true }, sipStatus)).toBe(end);
  });

  it('is a hang-up when we hung up before the answer', () => {
    expect(legEndOf(16, { hungUpByUs: true })).toBe('hung-up');
  });

  it.each([
    ['has not rung', {}, undefined, 'unreachable'],
    ['has rung', { rang: true, refused: true }, undefined, 'declined'],
    ['has rung, and says so', { rang: true, refused: true }, 480, 'declined'],
    ['has rung, and says something else', { rang: true, refused: true }, 483, 'unreachable'],
    ['was answered', { rang: true, refused: true, answered: true }, 480, 'hung-up'],
    ['has rung, and is hung up by ourselves', { rang: true, refused: true, hungUpByUs: true }, 480, 'unreachable'],
    ['has rung, and has said nothing', { rang: true }, undefined, 'unreachable'],
    ['has rung, and has said nothing, as 22 claims', { rang: true }, 480, 'unreachable'],
  ] as const)('cause 19 from a phone that %s', (_, known, sipStatus, end) => {
    expect(legEndOf(19, known, sipStatus)).toBe(end);
  });
});
