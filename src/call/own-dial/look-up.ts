/**
 * The look-up for a dialplan that keeps its own Dial: who the callee is and who is registered, told to the channel. It must never push, wait or ring.
 */

import { Call } from '../call.ts';
import type { CallOwner } from '../call-owner.ts';
import { endAfter } from '../end-after.ts';
import { fallBack } from '../fall-back.ts';
import { askAround, planFrom } from '../learn.ts';
import type { Ending } from '../outcomes.ts';
import type { Learnt } from '../plan.ts';
import type { CallPorts } from '../ports.ts';
import { passOn } from '../tell-ending.ts';
import { NO_CALL_HISTORY } from '../timeline.ts';
import { dialString } from './dial-string.ts';
import { DIAL, noteLeftOut, type WaitingArrival } from './wake.ts';

/** Looks up, tells, and lets the dialplan go on. It is no call, so that no history has it. Never rejects. */
export async function lookUp(arrival: WaitingArrival, ports: CallPorts, owner: CallOwner): Promise<Ending> {
  const { caller } = arrival;
  const call = new Call(arrival, { ...ports, callHistory: NO_CALL_HISTORY });
  owner.started(call);
  let ending: Ending;
  try {
    const learnt = await askAround(call, owner.warn);
    const plan = planFrom(call, learnt);
    if (plan.kind === 'pass') {
      ending = passOn(call, plan, owner);
      await caller.write({ ...unsaid(learnt), [DIAL]: '' });
    } else {
      const endpoints = [...plan.mobileEndpoints, ...plan.webAppEndpoints];
      const dial = dialString(endpoints, plan.known);
      noteLeftOut(call, plan.known);
      ending =
        dial === '' ? { outcome: 'unreachable', reason: 'not-registered' } : { outcome: 'ready', reason: 'registered' };
      await caller.write({ ...unsaid(learnt), [DIAL]: dial });
    }
    await fallBack(call, ending);
  } catch (fault) {
    ending = await endAfter(fault, call, undefined);
  }
  // Why one is passed on has been said.
  if (ending.outcome !== 'passed')
    ports.log.debug(`user ${JSON.stringify(call.userId)} was looked up: ${ending.outcome}, ${ending.reason}`);
  call.beside('let go', caller.letGo());
  await call.close();
  return ending;
}

/** What the registry says of the callee and the channel does not. */
function unsaid({ user, reading }: Learnt): Readonly<Record<string, string>> {
  const known = {
    XIVO_MAPP_DEVICE: user?.ringingDevice,
    XIVO_MAPP_MOBILE_ENDPOINT: user?.mobileEndpoint,
    XIVO_MAPP_WEBAPP_ENDPOINT: user?.webAppEndpoint,
  };
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, value]) =>
      value === undefined || (reading.variables.get(name) ?? '') !== '' ? [] : [[name, value]],
    ),
  );
}
