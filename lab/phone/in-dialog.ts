/**
 * One request that a phone sends within a call, and its final answer: BYE, REFER, a new INVITE. It must never decide what the answer means.
 */
import type { Dialog } from './dialog.ts';
import type { PhoneLine } from './phone-line.ts';
import type { SentRequest } from './sip-agent.ts';
import type { SipHeader, SipResponse } from './sip-message.ts';

/** Resolves with the final answer, undefined when none came within 32 s. An answer to an INVITE is acknowledged, each time that it comes. */
export function askWithin(
  line: PhoneLine,
  dialog: Dialog,
  method: 'BYE' | 'REFER' | 'INVITE',
  headers: readonly SipHeader[],
  body = '',
): Promise<SipResponse | undefined> {
  return new Promise((resolve) => {
    const sent: SentRequest = line.agent.send(dialog.request(method, headers, body), dialog.peer, {
      credentials: line.credentials,
      nextCseq: () => dialog.nextCseq(),
      onResponse: (response) => {
        if (response.status < 200) return;
        if (method === 'INVITE' && response.status < 300) {
          dialog.learn(response);
          line.agent.sendAck(dialog.ackFor(sent.request), dialog.peer);
        }
        resolve(response);
      },
      onTimeout: () => resolve(undefined),
    });
  });
}
