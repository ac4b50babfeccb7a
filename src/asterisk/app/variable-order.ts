/**
 * The order that sets a channel's variable, always as the value of SET(): so it stands at once, while ARI's own order would wait behind whatever the
 * channel plays, and it does not make Asterisk take the channel for one that a stranger has written to: after ARI's own order Asterisk 20 and 22
 * refuse DB(), FILE(), CURL() and their like to the site's dialplan for the rest of the call. Names and values come into the expression only after a
 * check, so that nothing that came from outside can be evaluated. It must never give any other order.
 */
import { PbxError } from '../../call/errors.ts';
import type { AriOrder } from '../ari/client.ts';
import { channelPath } from './ids.ts';

/**
 * What SET() takes as it stands: nothing that would end it or part it. Never empty: then its answer could not be told from that of a channel that is
 * gone. So long that the request stays below Asterisk's bound, whatever is escaped in it.
 */
const SETTABLE = /^[\w .:=+%~!*@/-]{1,1000}$/;
const NAME = /^\w{1,80}$/;

/** Throws PbxError where name or value are none that can be set so: whoever has such a value writes it in other letters. */
export function variableOrder(channelId: string, name: string, value: string): AriOrder {
  if (!NAME.test(name)) throw new PbxError(`${JSON.stringify(name.slice(0, 80))} is no variable that can be set`);
  if (!SETTABLE.test(value)) {
    throw new PbxError(`${name} cannot be set to ${JSON.stringify(value.slice(0, 80))}, of ${value.length} characters`);
  }
  // It takes no time, and what it says must not come later than an answer, which is urgent.
  return {
    method: 'GET',
    path: channelPath(channelId, '/variable'),
    query: { variable: `SET(${name}=${value})` },
    lane: 'urgent',
  };
}
