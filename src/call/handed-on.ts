/**
 * Whether a caller who comes from the dialplan has just been handed on by a router that stopped: then the call goes on where it was. Any other caller
 * is a new call, whatever checkpoint stands on the channel: somebody has taken them away from an earlier call, and the phone that they come back to must
 * be woken again.
 */

import type { Caller } from './ports.ts';

const REASON = 'XIVO_MAPP_REASON';

/**
 * The dialplan tries again after `router-stopping` alone, and empties the reason at every other entry. Where it cannot be asked, the checkpoint is
 * believed: an up-to-date dialplan hands on none but in that case. Never rejects.
 */
export async function isHandedOn(caller: Caller): Promise<boolean> {
  try {
    const { variables } = await caller.read({ variables: [REASON], globals: [], contactsOf: [] });
    return variables.get(REASON) === 'router-stopping';
  } catch {
    return true;
  }
}
