/**
 * The order that sets a channel's variable. Asked for as the value of SET() it stands at once; ARI's own order waits behind whatever the channel plays, and an endless tone has no
 * end. Names and values come into the expression only after a check, so that nothing that came from outside can be evaluated.
 */
import { channelPath } from './channel-ids.ts';
import type { AriOrder } from './requests.ts';

/** What SET() takes as it stands: nothing that would end it or part it. Never empty: then its answer could not be told from that of a channel that is gone. */
const SETTABLE = /^[\w .:=+%~!*@/-]{1,1000}$/;

export function variableOrder(channelId: string, name: string, value: string): AriOrder {
  const path = channelPath(channelId, '/variable');
  if (!/^\w+$/.test(name) || !SETTABLE.test(value)) {
    return { method: 'POST', path, body: { variable: name, value } };
  }
  // It takes no time, and what it says must not come later than an answer, which is urgent.
  return { method: 'GET', path, query: { variable: `SET(${name}=${value})` }, lane: 'urgent' };
}
