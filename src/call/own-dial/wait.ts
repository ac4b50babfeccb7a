/**
 * The wait for a dialplan that rings by itself: the same as that of a call that the router rings, without any ringing. It must never outlast the
 * loops.
 */

import type { Call } from '../call.ts';
import type { Plan } from '../plan.ts';
import type { Contact } from '../ports.ts';
import type { KnownContacts } from '../ringing/known-contacts.ts';
import { Moments, type Rule } from '../ringing/moments.ts';
import { Phones } from '../ringing/phones.ts';
import { RegistrationWatch } from '../ringing/registration-watch.ts';
import { Wait } from '../ringing/wait.ts';
import type { Wake } from '../ringing/wake.ts';

/**
 * True as soon as a mobile is fresh; false when the wait is over or nobody can wake. Rejects with the call's reason when it is over.
 * @param waitMs the wait that is left
 * @param knownContacts takes in every registration that is seen
 */
export async function waitForMobile(
  call: Call,
  plan: Plan,
  waitMs: number,
  wake: Wake,
  knownContacts: KnownContacts,
): Promise<boolean> {
  if (waitMs <= 0) return false;
  call.timeline.enter('waiting');
  // What is known to the plan, but not to us, has come while no router was there.
  const news = plan.known.filter((contact) => isFresh(call, plan, contact, knownContacts));
  if (news.length > 0) return true;
  const moments = new Moments(call.ports.clock);
  const wait = new Wait(call, waitMs, wake, NOBODY, moments);
  const registrationWatch = new RegistrationWatch(call, plan, new Phones([]), NOBODY);
  registrationWatch.look();
  const rule: Rule<boolean> = {
    take: (happened) => {
      if (happened.what === 'contact') wait.mobileIsFresh ||= isFresh(call, plan, happened.contact, knownContacts);
    },
    decide: () => {
      if (wait.mobileIsFresh) return true;
      if (!wait.isOn) {
        wait.noteEnd();
        return false;
      }
      if (registrationWatch.lookEachLoop(moments)) call.beside('look through the channel', lookThrough(call, plan));
      return undefined;
    },
  };
  try {
    return await moments.untilDecided(call.inbox, rule);
  } finally {
    registrationWatch.close();
  }
}

/** The dialplan calls them. */
const NOBODY = { alive: () => [], mobilesRefusing: 0, isCalledElsewhere: () => false, isBeingCalled: () => false };

function isFresh(call: Call, plan: Plan, contact: Contact, knownContacts: KnownContacts): boolean {
  const { endpoint, uri } = contact;
  if (!knownContacts.isNews(contact) || !plan.mobileEndpoints.includes(endpoint)) return false;
  call.note('mobile-registered', { endpoint, contact: uri });
  return true;
}

/** The dialplan can be asked, too: so that a mobile is found, if later, while nobody tells us of registrations. */
async function lookThrough(call: Call, { mobileEndpoints, webAppEndpoints }: Plan): Promise<void> {
  const endpoints = [...mobileEndpoints, ...webAppEndpoints];
  const { contacts } = await call.caller.read({ variables: [], globals: [], contactsOf: endpoints });
  for (const contact of contacts) call.inbox.post({ what: 'contact', contact });
}
