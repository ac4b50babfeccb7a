/** From what is known to a plan: the tables of the design, row by row, without a call. */
import { describe, expect, it } from 'vitest';
import { isEndpoint } from '../../src/call/endpoint-names.ts';
import { readSettings } from '../../src/call/globals.ts';
import { isWithheld, type Learnt, makePlan, type Plan } from '../../src/call/plan.ts';
import type { Device, User } from '../../src/call/ports.ts';

const USER: User = {
  userId: '7',
  ringingDevice: 'MobileApp',
  mobileEndpoint: 'PJSIP/mobile',
  webAppEndpoint: 'PJSIP/uc',
};
const DEVICE: Device = {
  userId: '7',
  deviceId: 'pixel',
  platform: 'android',
  token: 't',
  alertToken: undefined,
  appId: undefined,
  registeredAtMs: 1,
};

interface Given {
  readonly variables?: Readonly<Record<string, string>>;
  readonly globals?: Readonly<Record<string, string>>;
  readonly more?: Partial<Learnt>;
}

function planned({ variables = {}, globals = {}, more = {} }: Given): Plan {
  const plan = makePlan({
    userId: '7',
    user: USER,
    devices: [DEVICE],
    reading: { variables: new Map(Object.entries(variables)), globals: new Map(), contacts: [] },
    settings: readSettings(new Map(Object.entries(globals))).settings,
    callerAnswered: false,
    ...more,
  });
  if (plan.kind !== 'ring') throw new Error(`passed: ${plan.reason}`);
  return plan;
}

describe('ringing devices and waits', () => {
  it.each([
    ['WebApp', [], ['PJSIP/uc'], 'at-once', 0, 0],
    ['MobileApp', ['PJSIP/mobile'], [], 'never', 15_000, 1],
    ['WebAppAndMobileApp', ['PJSIP/mobile'], ['PJSIP/uc'], 'with-first-mobile', 10_000, 1],
  ] as const)('%s', (device, mobileEndpoints, webAppEndpoints, webAppRings, waitMs, devices) => {
    const plan = planned({
      variables: { XIVO_MAPP_DEVICE: device },
      globals: { XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP: '2' },
    });
    expect(plan).toMatchObject({ device, mobileEndpoints, webAppEndpoints, webAppRings, waitMs });
    expect(plan.devices).toHaveLength(devices);
  });

  it.each([
    [{ XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/a' }, 'MobileApp'],
    [{ XIVO_MAPP_WEBAPP_ENDPOINT: '"PJSIP/b"' }, 'WebApp'],
    [{ XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/a', XIVO_MAPP_WEBAPP_ENDPOINT: 'PJSIP/b' }, 'WebAppAndMobileApp'],
  ])('a user whom only the channel knows rings on what it names: %j', (variables, device) => {
    expect(planned({ variables, more: { user: undefined, devices: [] } }).device).toBe(device);
  });

  it('takes several endpoints joined by &', () => {
    const plan = planned({ variables: { XIVO_MAPP_MOBILE_ENDPOINT: 'PJSIP/a & PJSIP/b' } });
    expect(plan.mobileEndpoints).toEqual(['PJSIP/a', 'PJSIP/b']);
  });

  it.each([
    ['', 30_000],
    ['20', 20_000],
    ['0', 30_000],
    ['soon', 30_000],
    ['99999', 600_000],
  ])('takes XIVO_RINGSECONDS %j as %d ms', (text, ringMs) => {
    expect(planned({ variables: { XIVO_RINGSECONDS: text } }).ringMs).toBe(ringMs);
  });
});

describe('what the caller hears', () => {
  const music = { kind: 'music', musicClass: undefined };
  it.each([
    ['True', 'True', false, 'one-moment-please', music],
    ['True', 'False', false, 'one-moment-please', { kind: 'tone', country: 'fr' }],
    ['False', 'True', false, undefined, { kind: 'ringing' }],
    ['False', 'False', true, undefined, { kind: 'tone', country: 'fr' }],
  ] as const)('message %s, music %s, answered before %s', (playMsg, withMusic, callerAnswered, message, afterwards) => {
    const globals = { XIVO_MAPP_PLAY_MSG: playMsg, XIVO_MAPP_WAIT_WITH_MUSIC: withMusic };
    expect(planned({ globals, more: { callerAnswered } }).hold).toEqual({ message, afterwards });
  });

  it('is plain ringing where there is nothing to wait for', () => {
    const plan = planned({ variables: { XIVO_MAPP_DEVICE: 'WebApp' }, globals: { XIVO_MAPP_ANSWER_EARLY: 'True' } });
    expect(plan).toMatchObject({ answerEarly: false, hold: { message: undefined, afterwards: { kind: 'ringing' } } });
  });

  it('is music of the channel’s class', () => {
    const { hold } = planned({ variables: { 'CHANNEL(musicclass)': 'jazz' } });
    expect(hold.afterwards).toEqual({ kind: 'music', musicClass: 'jazz' });
  });

  it('is media where the caller is answered early', () => {
    const globals = { XIVO_MAPP_PLAY_MSG: 'False', XIVO_MAPP_ANSWER_EARLY: 'True' };
    expect(planned({ globals })).toMatchObject({ answerEarly: true, hold: { afterwards: { kind: 'tone' } } });
  });
});

describe('the caller', () => {
  it.each([
    ['prohib', true],
    ['prohib_passed_screen', true],
    ['allowed', false],
    ['unavailable', false],
    ['', false],
  ])('with the presentation %j is withheld: %s', (presentation, withheld) => {
    expect(isWithheld(new Map([['CALLERID(pres)', presentation]]))).toBe(withheld);
  });
});

describe('an endpoint', () => {
  it.each(['PJSIP/alice', 'PJSIP/a.b-c_1+2'])('%s', (name) => expect(isEndpoint(name)).toBe(true));
  it.each(['', 'PJSIP/', 'SIP/alice', 'PJSIP/a/b', 'PJSIP/a,b', 'PJSIP/a b', `PJSIP/${'a'.repeat(81)}`])(
    'not %j',
    (name) => expect(isEndpoint(name)).toBe(false),
  );
});
