/**
 * A text that a phone sends: one SIP MESSAGE, which is no call. It must never open a dialog.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { PhoneLine } from './phone-line.ts';
import { newTag } from './sip-agent.ts';

/** Resolves with the status of the final answer, 0 when none came. */
export function sendText(
  { agent, server, user, credentials }: PhoneLine,
  extension: string,
  body: string,
): Promise<number> {
  let cseq = randomInt(1, 10_000);
  const uri = `sip:${extension}@${server.host}:${server.port}`;
  return new Promise((resolve) => {
    agent.send(
      {
        kind: 'request',
        method: 'MESSAGE',
        uri,
        headers: [
          ['From', `<sip:${user}@${server.host}>;tag=${newTag()}`],
          ['To', `<${uri}>`],
          ['Call-ID', `${randomBytes(10).toString('hex')}@${agent.socket.host}`],
          ['CSeq', `${cseq} MESSAGE`],
          ['Content-Type', 'text/plain'],
        ],
        body,
      },
      server,
      {
        credentials,
        nextCseq: () => {
          cseq += 1;
          return cseq;
        },
        onResponse: ({ status }) => (status >= 200 ? resolve(status) : undefined),
        onTimeout: () => resolve(0),
      },
    );
  });
}
