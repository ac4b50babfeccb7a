/**
 * Clients that reset their connection (RST), in every state that a connection can be in: before the first byte, inside the head or the body, with requests queued behind, while the answer is on
 * its way, after it, half closed. It must never wait for anything but the other side.
 */
import { connect } from 'node:net';
import fc from 'fast-check';
import { requestLines } from '../asterisk/agi/dialplan-client.ts';

/** When the client resets: at once, once its bytes have left, as soon as something is answered, or when the server has closed. */
const moments = ['at once', 'when sent', 'when answered', 'when answered twice'] as const;

export interface Reset {
  readonly bytes: string;
  /** How much of the bytes is sent, in thousandths. */
  readonly share: number;
  readonly moment: (typeof moments)[number];
  /** The client closes its half before it resets. */
  readonly halfCloses: boolean;
}

const methods = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'M-SEARCH', 'PRI'];
const targets = ['/healthz', '/metrics', '/v1/calls', '/v1/users/anna', '/v1/users/anna/devices/x', '*', 'a:1', '/%zz'];
const heads = [
  'Content-Length: 2',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Expect: nothing',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Connection: close',
  'Connection: keep-alive',
];
const bodies = ['', '{}', '2\r\n{}\r\n0\r\n\r\n', '{'.repeat(70_000)];

/** @param key one that is right */
function httpRequest(key: string): fc.Arbitrary<string> {
  return fc
    .record({
      method: fc.constantFrom(...methods, 'CONNECT', 'CONNECT'),
      target: fc.constantFrom(...targets),
      key: fc.constantFrom([], ['Authorization: Bearer wrong'], [`Authorization: Bearer ${key}`]),
      more: fc.subarray(heads, { maxLength: 3 }),
      body: fc.constantFrom(...bodies),
    })
    .map(({ method, target, key: shown, more, body }) =>
      [`${method} ${target} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...shown, ...more, '', body].join(
        '\r\n',
      ),
    );
}

const agiRequest = fc
  .record({
    script: fc.constantFrom('wake', 'lookup', 'ended', 'nonsense'),
    answers: fc.array(fc.constantFrom('200 result=1', '200 result=1 (xRing&x)', 'HANGUP', '510 no'), { maxLength: 4 }),
  })
  .map(({ script, answers }) =>
    [...requestLines(script, script === 'ended' ? [] : ['7']), '', ...answers, ''].join('\n'),
  );

const resetOf = (bytes: fc.Arbitrary<string>): fc.Arbitrary<Reset> =>
  fc.record({
    bytes,
    share: fc.oneof(fc.constant(1_000), fc.constant(0), fc.nat({ max: 1_000 })),
    moment: fc.constantFrom(...moments),
    halfCloses: fc.boolean(),
  });

/** One to four requests in a row, of which some open no way on. */
export const httpReset = (key: string): fc.Arbitrary<Reset> =>
  resetOf(fc.array(httpRequest(key), { minLength: 1, maxLength: 4 }).map((requests) => requests.join('')));
export const agiReset: fc.Arbitrary<Reset> = resetOf(agiRequest);

/** Carries it out; resolves when the connection is gone. Where no answer comes, none is waited for longer than `patienceMs`. */
export async function reset(port: number, { bytes, share, moment, halfCloses }: Reset, patienceMs = 40): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const strike = (): void => {
    // Behind a FIN there is no ordering a reset; what comes from the other side is answered by one all the same.
    if (halfCloses) socket.destroy();
    else socket.resetAndDestroy();
  };
  const some = bytes.slice(0, Math.ceil((bytes.length * share) / 1_000));
  socket.once('connect', () => {
    if (some !== '') socket.write(some, 'latin1', () => moment === 'when sent' && strike());
    if (halfCloses) socket.end();
    if (moment === 'at once' || (some === '' && moment === 'when sent')) strike();
  });
  let answers = moment === 'when answered twice' ? 2 : 1;
  socket.on('data', () => {
    answers -= 1;
    if (answers <= 0) strike();
  });
  socket.on('end', strike);
  const late = setTimeout(strike, patienceMs);
  await closed;
  clearTimeout(late);
}
