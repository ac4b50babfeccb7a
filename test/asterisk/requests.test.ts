/** Requests against a server that misbehaves: what is sent twice, what never, and what each failure is called. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRefusal, AriRequests, isGone } from '../../src/asterisk/ari/client.ts';
import { PbxError, PbxLate } from '../../src/call/errors.ts';
import { soon } from '../soon.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';

describe('requests to Asterisk', () => {
  let pbx: PbxStub;
  let requests: AriRequests;

  beforeEach(async () => {
    pbx = await PbxStub.start();
    requests = new AriRequests(readAddress(pbx.url, 'user', 'päss:word'));
  });

  afterEach(async () => {
    requests.close();
    await soon(() => expect(pbx.connections).toBe(0));
    await pbx[Symbol.asyncDispose]();
  });

  it('carry credentials in a header, parameters in the URL and a body in JSON', async () => {
    pbx.answer = (_, response) => answerJson(response, 200, { value: 'x' });
    const expression = 'EVAL($' + '{A}\u001f$' + '{B(c;@d,e)}&+ %é)';
    const answer = await requests.send({
      method: 'POST',
      path: '/channels/1.1/variable',
      query: { variable: expression },
      body: { value: 'é"' },
    });
    expect(answer).toEqual({ value: 'x' });
    const seen = pbx.requests[0];
    expect(seen?.path).toBe('/ari/channels/1.1/variable');
    expect(seen?.query.get('variable')).toBe(expression);
    expect(JSON.parse(seen?.body ?? '')).toEqual({ value: 'é"' });
    const [, credentials = ''] = seen?.authorization?.split(' ') ?? [];
    expect(Buffer.from(credentials, 'base64').toString('utf8')).toBe('user:päss:word');
  });

  it('answer undefined where there is no body', async () => {
    pbx.answer = (_, response) => answerJson(response, 204);
    expect(await requests.send({ method: 'DELETE', path: '/bridges/b' })).toBeUndefined();
  });

  it.each([
    [404, true],
    [409, true],
    [422, false],
    [500, false],
  ])('a refusal with %i tells status and words; gone: %s', async (status, gone) => {
    pbx.answer = (_, response) => answerJson(response, status, { message: 'Channel not found' });
    const error = await requests.send({ method: 'POST', path: '/channels/1/answer' }).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(AriRefusal);
    expect(error).toBeInstanceOf(PbxError);
    expect(error).toMatchObject({ status, message: expect.stringContaining('Channel not found') });
    expect(isGone(error)).toBe(gone);
  });

  it('understand a refusal in HTML and one in an error field', async () => {
    pbx.answer = (_, response) => {
      response.writeHead(400);
      response.end('<html>Request line too long</html>');
    };
    await expect(requests.send({ method: 'GET', path: '/channels' })).rejects.toThrow('HTTP 400');
    pbx.answer = (_, response) => answerJson(response, 500, { error: 'Allocation failed' });
    await expect(requests.send({ method: 'GET', path: '/channels' })).rejects.toThrow('Allocation failed');
  });

  it('give up at their deadline', async () => {
    pbx.answer = () => undefined;
    const asked = requests.send({ method: 'GET', path: '/channels', deadlineMs: 30 });
    await expect(asked).rejects.toThrow('no answer within 30 ms');
    await expect(asked).rejects.toBeInstanceOf(PbxError);
  });

  it('that are looks give up sooner than orders, for they are asked again', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      pbx.answer = () => undefined;
      const told: string[] = [];
      const tell = (name: string) => (error: unknown) => told.push(`${name}: ${String(error)}`);
      const look = requests.send({ method: 'GET', path: '/channels/1/variable', lane: 'looks' }).catch(tell('look'));
      const order = requests.send({ method: 'POST', path: '/channels/1/continue' }).catch(tell('order'));
      await vi.advanceTimersByTimeAsync(3_000);
      await look;
      await vi.advanceTimersByTimeAsync(56_999);
      expect(told).toEqual([expect.stringMatching(/^look: .*no answer within 3000 ms/)]);
      await vi.advanceTimersByTimeAsync(1);
      await order;
      expect(told[1]).toMatch(/^order: .*no answer within 60000 ms/);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that are called off before they are sent never reach Asterisk; what is sent is not taken back', async () => {
    const answers: (() => void)[] = [];
    pbx.answer = (_, response) => answers.push(() => answerJson(response, 204));
    const order = (path: string, calledOff?: AbortSignal) =>
      requests.send({ method: 'POST', path, ...(calledOff && { calledOff }) });
    const ending = new AbortController();
    const sent = order('/sent', ending.signal);
    await soon(() => expect(answers).toHaveLength(1));
    // As many as there are connections.
    const others = Array.from({ length: 15 }, (_, index) => order(`/other/${index}`));
    await soon(() => expect(answers).toHaveLength(16));
    const waits = order('/waits', ending.signal);
    const fault = waits.catch((error: unknown) => error);
    ending.abort();
    expect(await fault).toMatchObject({ name: 'PbxError', message: expect.stringContaining('called off before') });
    await expect(order('/after', ending.signal)).rejects.toThrow('called off before');
    for (const answer of answers.splice(0)) answer();
    await Promise.all([sent, ...others]);
    const last = order('/last');
    await soon(() => expect(answers).toHaveLength(1));
    answers[0]?.();
    await last;
    expect(pbx.requests.map(({ path }) => path)).not.toContain('/ari/waits');
    expect(pbx.requests.map(({ path }) => path)).not.toContain('/ari/after');
  });

  it('that wait on a connection which is found dead are given up as late, and new ones are not', async () => {
    pbx.answer = () => undefined;
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    const lost: string[] = [];
    const send = (path: string) =>
      requests.send({ method: 'POST', path, once: true }).catch((error: unknown) => {
        lost.push(`${path} ${error instanceof PbxLate ? 'late' : String(error)}`);
      });
    void send('/old');
    await soon(() => expect(pbx.requests).toHaveLength(1));
    vi.advanceTimersByTime(1_001);
    void send('/young');
    await soon(() => expect(pbx.requests).toHaveLength(2));
    requests.dropStuck();
    await soon(() => expect(lost).toEqual(['/old late']));
    vi.advanceTimersByTime(1);
    const fresh = send('/fresh');
    await soon(() => expect(pbx.requests).toHaveLength(3));
    vi.advanceTimersByTime(999);
    await soon(() => expect(lost).toEqual(['/old late', '/young late']));
    vi.advanceTimersByTime(10_000);
    requests.close();
    vi.useRealTimers();
    await fresh;
    expect(lost.at(-1)).toContain('closed');
  });

  it('say so when an answer is cut off', async () => {
    pbx.answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"va', () => response.destroy());
    };
    await expect(requests.send({ method: 'GET', path: '/channels' })).rejects.toThrow('cut off');
  });

  it('are sent again when Asterisk had closed the idle connection, and only where that does no harm', async () => {
    let broken = 0;
    const breakOn = (path: string) => {
      pbx.answer = (request, response) => {
        if (request.path === `/ari${path}` && broken++ === 0) response.socket?.destroy();
        else answerJson(response, 200, {});
      };
    };
    breakOn('/second');
    await requests.send({ method: 'GET', path: '/first' });
    await requests.send({ method: 'GET', path: '/second' });
    expect(broken).toBe(2);
    broken = 0;
    breakOn('/leg');
    await requests.send({ method: 'GET', path: '/first' });
    await expect(requests.send({ method: 'POST', path: '/leg', once: true })).rejects.toThrow(PbxError);
    expect(broken).toBe(1);
  });

  it('are not sent again on a fresh connection that breaks', async () => {
    pbx.answer = ({ path }, response) => {
      if (path === '/ari/channels') response.socket?.destroy();
      else answerJson(response, 200, {});
    };
    await expect(requests.send({ method: 'GET', path: '/channels' })).rejects.toThrow('does not answer or breaks off');
    expect(pbx.requests.filter(({ path }) => path === '/ari/channels')).toHaveLength(1);
  });

  it('are sent once more when Asterisk says that it has failed, and what stays so is told to who watches', async () => {
    const told: string[] = [];
    const witness = { answered: () => told.push('answered'), failed: (words: string) => told.push(words) };
    const watched = new AriRequests(readAddress(pbx.url, 'u', 'p'), witness);
    let failures = 1;
    pbx.answer = (_, response) => answerJson(response, failures-- > 0 ? 500 : 200, {});
    await watched.send({ method: 'POST', path: '/channels/xm-1-leg-1', once: true });
    expect(told).toEqual(['answered']);
    failures = 2;
    await expect(watched.send({ method: 'POST', path: '/channels/1/answer' })).rejects.toThrow('HTTP 500');
    expect(told).toEqual(['answered', 'POST /channels/1/answer: HTTP 500']);
    watched.close();
  });

  it('are not sent again, and nobody is told, when it is simply no: gone, not known, or a call that cannot be placed', async () => {
    const told: string[] = [];
    const witness = { answered: () => told.push('answered'), failed: (words: string) => told.push(words) };
    const watched = new AriRequests(readAddress(pbx.url, 'u', 'p'), witness);
    for (const [status, error] of [
      [404, 'Channel not found'],
      [409, 'Channel not in Stasis application'],
      [422, 'Endpoint not found'],
      [500, 'Allocation failed'],
    ] as const) {
      pbx.answer = (_, response) => answerJson(response, status, { error });
      await expect(watched.send({ method: 'POST', path: '/channels/1' })).rejects.toThrow(error);
    }
    expect(pbx.requests).toHaveLength(4);
    expect(told).toEqual([]);
    watched.close();
  });

  it('share few connections', async () => {
    let most = 0;
    pbx.answer = (_, response) => {
      most = Math.max(most, pbx.connections);
      setImmediate(() => answerJson(response, 200, {}));
    };
    await Promise.all(Array.from({ length: 200 }, (_, n) => requests.send({ method: 'GET', path: `/channels/${n}` })));
    expect(pbx.requests).toHaveLength(200);
    expect(most).toBeLessThanOrEqual(16);
  });

  it('end when the connection is closed', async () => {
    pbx.answer = () => undefined;
    const asked = requests.send({ method: 'GET', path: '/channels' });
    await soon(() => expect(pbx.requests).toHaveLength(1));
    requests.close();
    await expect(asked).rejects.toThrow('is closed');
    await expect(requests.send({ method: 'GET', path: '/channels' })).rejects.toThrow('is closed');
  });

  it.each([
    ['http://h:8088', 'http://h:8088/ari'],
    ['http://h:8088/', 'http://h:8088/ari'],
    ['http://h:8088/ari/', 'http://h:8088/ari'],
    ['https://h/asterisk', 'https://h/asterisk/ari'],
    ['ws://h:1/ari', 'http://h:1/ari'],
  ])('take %s as %s', (url, base) => {
    expect(readAddress(url, 'u', 'p').base).toBe(base);
  });

  it.each(['ftp://h', 'nonsense'])('refuse %s', (url) => {
    expect(() => readAddress(url, 'u', 'p')).toThrow(PbxError);
  });
});
