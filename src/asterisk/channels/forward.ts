/**
 * Where a phone sends its calls on (a 302 and its kin), followed as a plain Dial() of the site follows it: in FORWARD_CONTEXT of the caller, else in
 * the phone's own context; to another address of the same endpoint where that has `redirect_method=uri_core`; and not at all where XIVO_CALLOPTIONS
 * has `i`. Asterisk would follow a leg that ARI has ordered by itself, but to a channel that belongs to nobody and knows no caller: so that a leg's
 * own FORWARD_CONTEXT leads nowhere, and the router orders the next leg. It must never take a phone further than that Dial() would, and each endpoint
 * sends a call on but once, also where it comes back to it as another call: else it would go round and round, with a push each time.
 */

import { wordsOf } from '../../call/errors.ts';
import { addressOf } from '../../call/own-dial/dial-string.ts';
import type { Forward } from '../../call/ports.ts';
import type { SentOn } from '../app/channel-owner.ts';
import { ask, variableQuestion } from '../app/expressions.ts';
import type { AriRequests } from '../ari/client.ts';

/** A context that there is not: what Asterisk itself would follow ends there. */
export const NOWHERE = 'xivo-mapp-follows-by-itself';
/** Variable, inherited by all that follows, with the endpoints that have sent this call on. */
export const FORWARDED_BY = 'XIVO_MAPP_FORWARDED_BY';
const MOST = 10;

/** What Local takes for an extension and nothing else, and no expression of the dialplan stumbles over. */
const EXTENSION = /^[\w.!~*+=#:-]{1,79}$/;
const CONTEXT = /^[\w.+:-]{1,79}$/;

/** What is to be dialled; undefined where it is nothing that Dial() would take for one destination. */
function destinationOf({ target, endpoint, context }: SentOn, forwardContext: string): string | undefined {
  const prefix = `${endpoint}/`;
  if (target.startsWith(prefix)) {
    const address = addressOf({ endpoint, uri: target.slice(prefix.length), expiresAtSec: undefined }, 'order');
    return address && `${prefix}${address}`;
  }
  const where = forwardContext === '' ? context : forwardContext;
  // Not optimised away: it is the leg for as long as it talks.
  return EXTENSION.test(target) && CONTEXT.test(where) ? `Local/${target}@${where}/n` : undefined;
}

/** Whether options of Dial() have `i`: to ignore where a phone sends a call on. */
function ignores(options: string): boolean {
  return options.replace(/\([^)]*\)/g, '').includes('i');
}

/**
 * Where the call goes on; or in words why it does not. Never rejects.
 * @param before the endpoints that had sent on the leg itself
 */
export async function whereTo(
  sent: SentOn,
  callerId: string,
  before: readonly string[],
  requests: AriRequests,
): Promise<Forward | string> {
  try {
    const names = ['FORWARD_CONTEXT', 'GLOBAL(FORWARD_CONTEXT)', 'XIVO_CALLOPTIONS', FORWARDED_BY];
    const questions = names.map(variableQuestion);
    const [own = '', everywhere = '', options = '', earlier = ''] = await ask(requests, callerId, questions, 'urgent');
    // Who was a leg of ours once, and has been transferred.
    const forwardContext = own === NOWHERE ? everywhere : own;
    const by = [...new Set([...earlier.split(' '), ...before])].filter((endpoint) => endpoint !== '');
    if (ignores(options)) return 'XIVO_CALLOPTIONS has i';
    if (by.includes(sent.endpoint)) return `${sent.endpoint} has sent this call on before`;
    if (by.length >= MOST) return 'it has been sent on too often';
    const to = destinationOf(sent, forwardContext);
    return to === undefined ? 'it is no extension' : { to, by: [...by, sent.endpoint], from: sent.from };
  } catch (error) {
    return wordsOf(error);
  }
}
