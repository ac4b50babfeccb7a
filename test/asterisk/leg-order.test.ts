/** The order for a leg: what the phone is told, where the leg goes when it is answered, and whom it belongs to. */
import { describe, expect, it } from 'vitest';
import { legOrder, mustBeEndpoint } from '../../src/asterisk/channels/leg-order.ts';
import { PbxError } from '../../src/call/errors.ts';
import type { DialRequest } from '../../src/call/ports.ts';

const request: DialRequest = {
  legId: 'xm-1-leg-1',
  contact: { endpoint: 'PJSIP/m1', uri: 'sip:m1@10.0.0.1:5060;transport=tcp', expiresAtSec: undefined },
  on: 'mobile',
  calleeUserId: '7',
  caller: { name: 'Carol "C"\r\nInjected: x', number: '0612345678' },
  callee: { name: 'Zoé', number: '1001' },
  ringMs: 29_001,
  forChannelId: '1700000000.1',
  checkpoint: 'v1 mobile',
};
/** What the dialplan's context needs, whoever calls. */
const ALWAYS = {
  XIVO_MAPP_LEG: 'v1 mobile',
  XIVO_MAPP_CALLER: '1700000000.1',
  XIVO_MAPP_ON: 'mobile',
  XIVO_MAPP_ENDPOINT: 'PJSIP/m1',
  'CDR_PROP(disable)': '1',
  'GROUP(XIVO_USER)': '7',
};

const WHERE = 'PJSIP/m1/sip:m1@10.0.0.1:5060;transport=tcp';

describe('the order for a leg', () => {
  it('names contact, caller’s channel, way and both parties, on one line each', () => {
    expect(legOrder(request, WHERE)).toMatchObject({
      method: 'POST',
      path: '/channels/xm-1-leg-1',
      body: {
        endpoint: 'PJSIP/m1/sip:m1@10.0.0.1:5060;transport=tcp',
        originator: '1700000000.1',
        context: 'xivo-mapp-leg',
        extension: 's',
        priority: 1,
        timeout: 30,
        variables: {
          ...ALWAYS,
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

  it('says on what the call is answered there, and whose call it is', () => {
    const { body } = legOrder({ ...request, on: 'webapp', calleeUserId: ' 8\r\nX' }, WHERE);
    expect(body).toMatchObject({ variables: { XIVO_MAPP_ON: 'webapp', 'GROUP(XIVO_USER)': '8 X' } });
  });

  it('leaves out what is not known', () => {
    const nobody = { name: '', number: '' };
    const { body } = legOrder({ ...request, caller: nobody, callee: nobody }, WHERE);
    expect(body).toMatchObject({ variables: ALWAYS });
    const said = Object.keys(body?.variables ?? {});
    for (const name of ['CONNECTEDLINE(name,i)', 'CONNECTEDLINE(num,i)', 'CALLERID(name)', 'CALLERID(num)']) {
      expect(said).not.toContain(name);
    }
  });

  it.each(['SIP/m1', 'PJSIP/m1&PJSIP/m2'])('is for an endpoint, which %s is none', (endpoint) => {
    expect(() => mustBeEndpoint({ contact: { ...request.contact, endpoint } })).toThrow(PbxError);
  });
});

describe('the order for a leg that goes where a phone has sent the call on', () => {
  const forward = { to: 'Local/200@phones/n', by: ['PJSIP/m0', 'PJSIP/m1'], from: { name: 'Zoé', number: '1001' } };

  it('goes there, says who has sent it, and follows no other phone by itself', () => {
    const { body } = legOrder({ ...request, forward }, forward.to);
    expect(body).toMatchObject({
      endpoint: 'Local/200@phones/n',
      // No id of a leg.
      otherChannelId: 'far-xm-1-leg-1',
      variables: {
        XIVO_MAPP_ENDPOINT: 'Local/200@phones',
        __XIVO_MAPP_FORWARDED_BY: 'PJSIP/m0 PJSIP/m1',
        'REDIRECTING(count,i)': '2',
        'REDIRECTING(from-num,i)': '1001',
        'REDIRECTING(from-name,i)': 'Zoé',
      },
    });
    // Its other half would hand it on.
    expect(body).not.toHaveProperty('variables.FORWARD_CONTEXT');
    expect(body).not.toHaveProperty(['variables', 'CALLERID(num)']);
    expect(legOrder(request, 'PJSIP/m1').body).toHaveProperty(
      'variables.FORWARD_CONTEXT',
      'xivo-mapp-follows-by-itself',
    );
  });
});
