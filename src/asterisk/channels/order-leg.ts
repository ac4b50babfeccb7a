/**
 * Has Asterisk dial a leg, and end one. Whoever orders knows afterwards whether Asterisk has it: an order that is lost is looked for before it is given
 * once more. It must never leave a leg behind of which nobody knows.
 */

import { NoAddress, PbxError, wordsOf } from '../../call/errors.ts';
import { addressOf, faultOf } from '../../call/own-dial/dial-string.ts';
import type { DialRequest, LegHangUpReason } from '../../call/ports.ts';
import { lookAtChannel } from '../app/channel-look.ts';
import { ask } from '../app/expressions.ts';
import { channelPath } from '../app/ids.ts';
import { AriRefusal, type AriRequests, isGone } from '../ari/client.ts';
import { CalledOff } from '../ari/exchange.ts';
import { lookForContacts } from '../registrations/contacts.ts';
import type { Leg } from './leg.ts';
import { legOrder } from './leg-order.ts';

/** Nobody knows whether Asterisk has taken the order. */
export class OrderLost extends PbxError {}

/**
 * What Asterisk is told to dial: where the call was sent on to; else the contact's address; where that cannot be given to Asterisk, the endpoint, if it is its
 * only contact. Rejects with NoAddress where there are others.
 */
export async function destinationOf(
  { callerId }: Leg,
  { contact, forChannelId, forward }: DialRequest,
  requests: AriRequests,
): Promise<string> {
  if (forward !== undefined) return forward.to;
  const address = addressOf(contact, 'order');
  if (address !== undefined) return `${contact.endpoint}/${address}`;
  const { contacts } = await lookForContacts([contact.endpoint], (questions) =>
    ask(requests, callerId ?? forChannelId, questions),
  );
  if (contacts.length === 1 && contacts[0]?.uri === contact.uri) return contact.endpoint;
  throw new NoAddress(`${faultOf(contact)}: ${contact.uri}`);
}

/**
 * Where the answer is lost, and Asterisk has never had the order, it is given once more. `unheard`: Asterisk has it, and what it has told of it may have
 * been missed. Rejects with OrderLost where nobody knows what became of it, and with what Asterisk, or whoever called it off, has said.
 */
export async function orderLeg(
  leg: Leg,
  request: DialRequest,
  destination: string,
  requests: AriRequests,
): Promise<'heard' | 'unheard'> {
  const order = { ...legOrder(request, destination), calledOff: leg.calledOff };
  for (let isLast = false; ; isLast = true) {
    try {
      await requests.send(order);
      return 'heard';
    } catch (error) {
      // Asterisk has taken the order, and may have connected the leg, though its answer came too late or was lost.
      if (leg.isAnswered) return 'heard';
      const isKnown = isRefused(error) || error instanceof CalledOff;
      if (isKnown && !isLast) throw error;
      // The first order may come yet.
      if (isKnown) throw new OrderLost(wordsOf(error), { cause: error });
      const look = await lookAtChannel(requests, request.legId).catch(() => undefined);
      // That may have been while it was looked for.
      if (leg.isHeardOf) return 'heard';
      if (look !== undefined && look.kind !== 'gone') return 'unheard';
      if (look === undefined) await endLeg(requests, request.legId, 'normal').catch(() => undefined);
      if (look === undefined || isLast || leg.calledOff.aborted) throw new OrderLost(wordsOf(error), { cause: error });
    }
  }
}

/** One that is gone is no error. */
export async function endLeg(requests: AriRequests, legId: string, reason: LegHangUpReason | 'normal'): Promise<void> {
  try {
    await requests.send({
      method: 'DELETE',
      path: channelPath(legId),
      // Both versions obey the word; only 22 obeys a `reason_code`.
      query: { reason: reason === 'answered-elsewhere' ? 'answered_elsewhere' : 'normal' },
      // A phone rings on until then.
      lane: 'urgent',
    });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Asterisk has said no. Where its id is taken (409), by the first try of an order that was sent again: then it is there. */
function isRefused(error: unknown): boolean {
  return error instanceof AriRefusal && error.status !== 409;
}
