/**
 * What must be known before a call can be planned, learnt in as few looks as can be: the push waits for this. It changes nothing in the world.
 */

import type { Call } from './call.ts';
import type { CallOwner } from './call-owner.ts';
import { isEndpoint } from './endpoint-names.ts';
import { wordsOf } from './errors.ts';
import { GLOBAL_NAMES, readSettings, type Warning } from './globals.ts';
import type { Ending } from './outcomes.ts';
import { endpointsOf, isWithheld, type Learnt, makePlan, type PassOn, type Plan, VARIABLE_NAMES } from './plan.ts';
import type { Reading } from './ports.ts';
import { variableWarnings } from './variables.ts';

/** There is more to do than the PBX or the site bears: the call goes on in the dialplan at once. */
export interface TurnAway {
  readonly kind: 'over';
  readonly ending: Ending;
}

/** Learns and plans. Rejects with CallerGone, or PbxError when Asterisk cannot be asked. */
export async function learn(call: Call, owner: Pick<CallOwner, 'warn' | 'admit'>): Promise<Plan | PassOn | TurnAway> {
  const learnt = await askAround(call, (warning) => owner.warn(warning));
  const plan = planFrom(call, learnt);
  if (plan.kind === 'pass') return plan;
  const admitted = owner.admit(call, learnt.settings);
  if (admitted === 'wholly') return plan;
  call.note('load-shed', { admitted, averageAnswerMs: Math.round(call.ports.load.averageAnswerMs()) });
  if (admitted !== 'without-hold') return { kind: 'over', ending: { outcome: 'failed', reason: admitted } };
  return makePlan({ ...learnt, settings: { ...learnt.settings, playMessage: false, waitWithMusic: false } });
}

/** Asks registry and channel. Warnings about globals and variables go to `warn`. Errors as those of learn(). */
export async function askAround(call: Call, warn: (warning: Warning) => void): Promise<Learnt> {
  const callee = await call.ports.registry.callee(call.userId).catch((fault: unknown) => {
    call.ports.log.error('the registry of users and devices has failed', { fault });
    return { user: undefined, devices: [], stale: wordsOf(fault) };
  });
  // What was last known, and the channel's own variables, may still say enough: the call goes on by what is known.
  if (callee.stale !== undefined) call.note('fault', { in: 'registry', detail: callee.stale });
  const fromRegistry = endpointsOf(callee.user, new Map());
  const asked = [...fromRegistry.mobile, ...fromRegistry.webApp];
  let reading = await call.caller.read({ variables: VARIABLE_NAMES, globals: GLOBAL_NAMES, contactsOf: asked });
  call.learnWithheld(isWithheld(reading.variables));
  const named = endpointsOf(callee.user, reading.variables);
  const missing = [...named.mobile, ...named.webApp].filter((name) => !asked.includes(name) && isEndpoint(name));
  if (missing.length > 0) reading = await withContactsOf(missing, reading, call);
  const { settings, warnings } = readSettings(reading.globals);
  for (const warning of [...warnings, ...variableWarnings(reading.variables)]) warn(warning);
  const { user, devices } = callee;
  const registryIsStale = callee.stale !== undefined;
  const { userId, caller } = call;
  const waitedBefore = call.resumed !== undefined;
  return { userId, user, devices, registryIsStale, reading, settings, callerAnswered: caller.answered, waitedBefore };
}

/** Plans, and notes the plan. */
export function planFrom(call: Call, learnt: Learnt): Plan | PassOn {
  const plan = makePlan(learnt);
  if (plan.kind === 'ring') {
    call.note('planned', {
      device: plan.device,
      mobile: plan.mobileEndpoints.join('&'),
      webapp: plan.webAppEndpoints.join('&'),
      devices: plan.devices.length,
      registered: plan.known.map((contact) => contact.uri).join(' '),
      waitMs: plan.waitMs,
      ringMs: plan.ringMs,
    });
  }
  return plan;
}

/** The channel named endpoints that the registry did not: one more look, for their contacts. */
async function withContactsOf(endpoints: readonly string[], reading: Reading, call: Call): Promise<Reading> {
  const more = await call.caller.read({ variables: [], globals: [], contactsOf: [...new Set(endpoints)] });
  return { ...reading, contacts: [...reading.contacts, ...more.contacts] };
}
