/**
 * A caller who has left, or was connected, while no router was there: nothing can be asked of the channel or done to it any more. The call's story,
 * told with such a caller, ends as that of any caller who leaves or is answered, so that the pushed mobiles are told and the call is in the log and
 * in the history.
 */

import { CallerAnswered, CallerGone } from '../errors.ts';
import type { AnsweredOn } from '../outcomes.ts';
import { NOBODY } from '../ports/party.ts';
import type { Caller } from '../ports.ts';

export function goneCaller(answeredOn?: AnsweredOn): Caller {
  const gone =
    answeredOn === undefined
      ? new CallerGone('the caller has left while no router was there')
      : new CallerAnswered(answeredOn);
  const refuse = async (): Promise<never> => {
    throw gone;
  };
  return {
    channelId: '',
    party: NOBODY,
    answered: false,
    left: AbortSignal.abort(gone),
    read: refuse,
    write: refuse,
    answer: refuse,
    startHold: refuse,
    stopHold: async () => undefined,
    giveBack: refuse,
    hangUp: async () => undefined,
  };
}
