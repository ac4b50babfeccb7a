/** Calls, health and metrics over HTTP. */
import { describe, expect, it } from 'vitest';
import { runApi } from './running-api.ts';

const record = (callId: string, startedAtMs: number) => ({
  callId,
  userId: 'anna',
  caller: { name: 'Bert', number: '+33123456789' },
  startedAtMs,
});
const summary = {
  outcome: 'answered',
  reason: 'mobile',
  durationMs: 5_000,
  stagesMs: { waiting: 900, talking: 4_100 },
};

describe('calls', () => {
  it('are listed newest first, live ones included, up to the limit', async () => {
    const { ask, callHistory } = await runApi();
    for (const n of [1, 2, 3]) callHistory.open(record(`c.${n}`, n * 1_000));
    callHistory.close('c.2', summary);
    const list = await ask('GET', '/v1/calls?limit=2');
    expect(list.json).toEqual({
      calls: [
        {
          callId: 'c.3',
          userId: 'anna',
          caller: { name: 'Bert', number: '+33123456789' },
          startedAt: '1970-01-01T00:00:03.000Z',
          ended: false,
          outcome: null,
          reason: null,
          durationMs: null,
          stagesMs: null,
        },
        expect.objectContaining({ callId: 'c.2', ended: true, ...summary }),
      ],
    });
    expect((await ask('GET', '/v1/calls')).json.calls).toHaveLength(3);
  });

  it.each(['0', '1001', '-1', 'x', '', '1&limit=2', '5&page=2'])('have no limit %j', async (limit) => {
    const { ask } = await runApi();
    const refused = await ask('GET', `/v1/calls?limit=${limit}`);
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toMatchObject([{ in: 'query' }]);
  });

  it('tell their timeline, live and ended', async () => {
    const { ask, callHistory } = await runApi();
    callHistory.open(record('c1', 1_000));
    const entry = { atMs: 12.5, what: 'push-sent', facts: { device: 'phone', platform: 'ios' } };
    callHistory.note('c1', entry);
    expect((await ask('GET', '/v1/calls/c1')).json).toMatchObject({
      ended: false,
      timeline: [entry],
      timelineLeftOut: 0,
    });
    callHistory.close('c1', summary);
    expect((await ask('GET', '/v1/calls/c1')).json).toMatchObject({ ended: true, ...summary, timeline: [entry] });
    expect(await ask('GET', '/v1/calls/c2')).toMatchObject({ status: 404, json: { title: 'Unknown call' } });
  });
});

describe('health', () => {
  it('is told to anybody, with the reasons', async () => {
    const running = await runApi();
    const well = await fetch(`${running.url}/healthz`);
    expect([well.status, await well.json()]).toEqual([200, { status: 'ok', parts: { ari: { ok: true } } }]);
    const parts = { ari: { ok: true }, dialplan: { ok: false, why: 'names another application' } };
    running.health = { healthy: true, parts };
    const lame = await fetch(`${running.url}/healthz`);
    expect([lame.status, await lame.json()]).toEqual([200, { status: 'degraded', parts }]);
    running.health = { healthy: false, parts: { ari: { ok: false, why: 'not connected: wrong password' } } };
    const ill = await fetch(`${running.url}/healthz`);
    expect([ill.status, await ill.json()]).toEqual([
      503,
      { status: 'unavailable', parts: { ari: { ok: false, why: 'not connected: wrong password' } } },
    ]);
  });
});

describe('metrics', () => {
  const line = (page: string, start: string): string => page.split('\n').find((one) => one.startsWith(start)) ?? '';

  it('count calls and pushes, and measure what was promised', async () => {
    const running = await runApi();
    const { ask, callHistory } = running;
    running.stages = { learning: 1, waiting: 2, talking: 1 };
    const note = (atMs: number, what: string, facts: Record<string, string>): void =>
      callHistory.note('c1', { atMs, what, facts });
    callHistory.open(record('c1', 1_000));
    note(4, 'push-sent', { device: 'phone', platform: 'ios' });
    note(9, 'push-sent', { device: 'tab', platform: 'android' });
    note(30, 'push-result', { device: 'phone', result: 'delivered' });
    note(31, 'push-result', { device: 'tab', result: 'dead-token' });
    note(Number.NaN, 'mobile-registered', { contact: 'sip:odd' });
    note(2_000, 'leg-dialled', { contact: 'sip:odd' });
    note(2_000, 'mobile-registered', { contact: 'sip:m' });
    note(2_007, 'leg-dialled', { contact: 'sip:m' });
    note(2_008, 'leg-dialled', { contact: 'sip:w' });
    note(2_009, 'load-shed', { admitted: 'without-hold' });
    running.averageAnswerMs = 250;
    callHistory.close('c1', summary);
    callHistory.close('c1', summary);
    const answer = await ask('GET', '/metrics');
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const page = answer.text;
    expect(line(page, 'xivo_mapp_calls_total{')).toBe('xivo_mapp_calls_total{outcome="answered"} 1');
    expect(page).toContain('xivo_mapp_pushes_total{platform="ios",result="delivered"} 1');
    expect(page).toContain('xivo_mapp_pushes_total{platform="android",result="dead-token"} 1');
    expect(page).toContain('xivo_mapp_asterisk_answer_seconds 0.25');
    expect(page).toContain('xivo_mapp_shed_calls_total{admitted="without-hold"} 1');
    expect(page).toContain('xivo_mapp_live_calls{stage="waiting"} 2');
    expect(page).toContain('xivo_mapp_live_calls{stage="ringing"} 0');
    expect(page).toContain('xivo_mapp_live_calls{stage="talking"} 1');
    expect(line(page, 'xivo_mapp_arrival_to_push_seconds_sum')).toMatch(/ 0\.004$/);
    expect(line(page, 'xivo_mapp_arrival_to_push_seconds_count')).toMatch(/ 1$/);
    expect(line(page, 'xivo_mapp_register_to_dial_seconds_sum')).toMatch(/ 0\.007$/);
    expect(line(page, 'xivo_mapp_register_to_dial_seconds_count')).toMatch(/ 1$/);
  });
});
