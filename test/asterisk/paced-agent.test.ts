import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeAgent } from '../../src/asterisk/ari/paced-agent.ts';

const CALLS = 12;

describe('connections to Asterisk', () => {
  let server: Server;
  let agent: ReturnType<typeof makeAgent>;
  const held: ServerResponse[] = [];
  /** Connections that are open and have had no answer yet. */
  let unanswered = 0;
  let most = 0;
  let abort: AbortController;
  let onRequest: (response: ServerResponse) => void;

  beforeEach(async () => {
    abort = new AbortController();
    unanswered = 0;
    most = 0;
    held.length = 0;
    server = createServer((_, response) => onRequest(response));
    server.on('connection', () => {
      unanswered += 1;
      most = Math.max(most, unanswered);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    agent = makeAgent(false, { keepAlive: true, maxSockets: CALLS });
  });

  afterEach(async () => {
    agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function ask(signal?: AbortSignal): Promise<number> {
    const { port } = server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, agent, ...(signal === undefined ? {} : { signal }) },
        (answer) => {
          answer.resume().on('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      asked.on('error', reject).end();
    });
  }

  test('two are opened at the same moment, and all requests are answered', async () => {
    onRequest = (response) => {
      unanswered -= 1;
      response.end();
    };
    const answers = await Promise.all(Array.from({ length: CALLS }, () => ask()));
    expect(answers).toEqual(Array(CALLS).fill(200));
    expect(most).toBeLessThanOrEqual(2);
  });

  test('one whose answer takes long holds up no other', async () => {
    onRequest = (response) => {
      held.push(response);
      // Nobody is answered before all are there.
      if (held.length === CALLS) for (const one of held) one.end();
    };
    expect(await Promise.all(Array.from({ length: CALLS }, () => ask()))).toEqual(Array(CALLS).fill(200));
  });

  test('whoever waits for a connection hears that there will be none', async () => {
    const came = Promise.withResolvers<void>();
    onRequest = () => came.resolve();
    const asked = Promise.allSettled(Array.from({ length: CALLS }, () => ask(abort.signal)));
    await came.promise;
    abort.abort();
    agent.destroy();
    expect((await asked).map(({ status }) => status)).toEqual(Array(CALLS).fill('rejected'));
  });

  test('one that was given up makes way', async () => {
    onRequest = (response) => {
      unanswered -= 1;
      response.end();
    };
    const givenUp = Promise.allSettled(Array.from({ length: CALLS / 2 }, () => ask(abort.signal)));
    abort.abort();
    expect(await Promise.all(Array.from({ length: CALLS }, () => ask()))).toEqual(Array(CALLS).fill(200));
    expect((await givenUp).map(({ status }) => status)).toEqual(Array(CALLS / 2).fill('rejected'));
  });
});
