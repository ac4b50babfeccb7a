/** A leg without Asterisk: its order, its events, its causes. */
import { describe, expect, it } from 'vitest';
import { legEndOf } from '../../src/asterisk/causes.ts';
import { Leg } from '../../src/asterisk/leg.ts';
import { LegContext } from '../../src/asterisk/leg-context.ts';
import { legOrder } from '../../src/asterisk/leg-order.ts';
import { PbxError } from '../../src/call/errors.ts';
import type { DialRequest, LegEvent } from '../../src/call/ports.ts';
import { toldLog } from './told-log.ts';

const request: DialRequest = {
  legId: 'xm-1-leg-1',
  contact: { endpoint: 'PJSIP/m1', uri: 'sip:m1@10.0.0.1:5060;transport=tcp', expiresAtSec: undefined },
  caller: { name: 'Carol "C"\r\nInjected: x', number: '0612345678' },
  callee: { name: 'Zoé', number: '1001' },
  ringMs: 29_001,
  forChannelId: '1700000000.1',
  memory: 'v1 mobile',
};

describe('the order for a leg', () => {
  it('names contact, way and both parties, on one line each', () => {
    expect(legOrder(request, 'app', 'dialplan')).toEqual({
      method: 'POST',
      path: '/channels/xm-1-leg-1',
      body: {
        endpoint: 'PJSIP/m1/sip:m1@10.0.0.1:5060;transport=tcp',
        context: 'xivo-mapp-leg',
        extension: 's',
        priority: 1,
        timeout: 30,
        variables: {
          XIVO_MAPP_LEG: 'v1 mobile',
          XIVO_MAPP_CALLER: '1700000000.1',
          XIVO_MAPP_APP: 'app',
          'CONNECTEDLINE(name,i)': 'Carol "C" Injected: x',
          'CONNECTEDLINE(num,i)': '0612345678',
          'CALLERID(name)': 'Zoé',
          'CALLERID(num)': '1001',
        },
      },
      once: true,
      lane: 'urgent',
    });
  });

  it('goes straight to the application where the dialplan has no context for it', () => {
    const { body } = legOrder(request, 'app', 'application');
    expect(body).toMatchObject({ app: 'app', appArgs: 'leg,1700000000.1', timeout: 30 });
    expect(body).not.toHaveProperty('context');
    expect(body).not.toHaveProperty('variables.XIVO_MAPP_APP');
  });

  it('leaves out what is not known', () => {
    const nobody = { name: '', number: '' };
    const { body } = legOrder({ ...request, caller: nobody, callee: nobody }, 'app', 'application');
    expect(body?.variables).toEqual({ XIVO_MAPP_LEG: 'v1 mobile', XIVO_MAPP_CALLER: '1700000000.1' });
  });

  it.each([
    ['SIP/m1', 'sip:m1@h'],
    ['PJSIP/m1&PJSIP/m2', 'sip:m1@h'],
    ['PJSIP/m1', ''],
    ['PJSIP/m1', 'sip:a@h;x="y"'],
    ['PJSIP/m1', 'sip:a b@h'],
  ])('does not dial %s at %j', (endpoint, uri) => {
    const unfit = { ...request, contact: { endpoint, uri, expiresAtSec: undefined } };
    expect(() => legOrder(unfit, 'app', 'dialplan')).toThrow(PbxError);
  });
});

describe('a leg', () => {
  const listen = () => {
    const told: string[] = [];
    const leg = new Leg({
      onEvent: (event: LegEvent) => told.push(event.kind === 'ended' ? event.end : event.kind),
      onLateAnswer: (reason) => told.push(`late ${reason}`),
      onGone: () => told.push('gone'),
    });
    return { leg, told };
  };

  it('holds its events back until the order is taken, and tells each once', () => {
    const { leg, told } = listen();
    leg.onState('Ringing');
    leg.onState('Ringing');
    expect(told).toEqual([]);
    leg.taken();
    leg.onStart();
    leg.onStart();
    leg.onState('Ringing');
    leg.onDestroyed(16, 'Normal Clearing');
    leg.onDestroyed(16, 'Normal Clearing');
    expect(told.filter((word) => word !== 'gone')).toEqual(['ringing', 'answered', 'hung-up']);
  });

  it('tells nothing when the order was refused', () => {
    const { leg, told } = listen();
    leg.onState('Ringing');
    leg.refused();
    leg.onStart();
    leg.onDestroyed(16, '');
    expect(told).toEqual(['gone']);
  });

  it('is hung up again when it answers all the same', () => {
    const { leg, told } = listen();
    leg.taken();
    leg.condemn('answered-elsewhere');
    leg.onStart();
    expect(told).toEqual(['late answered-elsewhere']);
  });
});

describe('the dialplan’s context for legs', () => {
  it('is used once Asterisk has said that it exists; that it does not is said once, with the cure', () => {
    const log = toldLog();
    const legContext = new LegContext(log);
    expect(legContext.exists).toBe(false);
    expect(log.told).toEqual([]);
    for (const answer of ['0', '0', '']) legContext.learn(answer);
    expect(legContext.exists).toBe(false);
    expect(log.told).toMatchObject([
      { level: 'warn', message: expect.stringMatching(/copy dialplan\/xivo-mapp\.conf/) },
    ]);
    legContext.learn('1');
    expect(legContext.exists).toBe(true);
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
    [16, false, 'unreachable'],
  ] as const)('%i, answered before: %s, is %s', (cause, answered, end) => {
    expect(legEndOf(cause, answered, false)).toBe(end);
  });

  it('is a hang-up when we hung up before the answer', () => {
    expect(legEndOf(16, false, true)).toBe('hung-up');
  });
});
