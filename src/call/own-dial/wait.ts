/**
 * The wait for a dialplan that rings by itself: until the first mobile has registered anew, until none may come any more, or until the loops are
 * over. The same globals and the same rule as in ringing/rule.ts, without any ringing. It must never outlast the loops by more than a moment.
 */

import type { Call } from '../call.ts';
import type { Plan } from '../plan.ts';
import type { Contact } from '../ports.ts';
import type { KnownContacts } from '../ringing/known-contacts.ts';
import { Phones } from '../ringing/phones.ts';
import { RegistrationWatch } from '../ringing/registration-watch.ts';
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
  const { clock } = call.ports;
  const endpoints = [...plan.mobileEndpoints, ...plan.webAppEndpoints];
  const startedMs = clock.nowMs();
  const untilMs = startedMs + waitMs;
  let nextLookMs = startedMs + plan.intervalMs;
  if (waitMs <= 0) return false;
  call.timeline.enter('waiting');
  // What is known to the plan, but not to us, has come while no router was there.
  const news = plan.known.filter((contact) => isFresh(call, plan, contact, knownContacts));
  if (news.length > 0) return true;
  const registrationWatch = new RegistrationWatch(call, plan, new Phones([]), NOBODY);
  registrationWatch.look();
  try {
    for (;;) {
      const nowMs = clock.nowMs();
      if (nowMs >= untilMs || wake.everyTokenDead) {
        call.note('wait-over', { afterMs: Math.round(nowMs - startedMs), fresh: false });
        return false;
      }
      if (nowMs >= nextLookMs) {
        nextLookMs = nowMs + plan.intervalMs;
        registrationWatch.look();
        call.beside('look through the channel', lookThrough(call, endpoints));
      }
      const happened = await call.inbox.next(Math.min(untilMs, nextLookMs));
      if (happened === 'time' || happened.what !== 'contact') continue;
      if (isFresh(call, plan, happened.contact, knownContacts)) return true;
    }
  } finally {
    registrationWatch.close();
  }
}

/** The dialplan calls them. */
const NOBODY = { isCalledElsewhere: () => false, isBeingCalled: () => false };

function isFresh(call: Call, plan: Plan, contact: Contact, knownContacts: KnownContacts): boolean {
  const { endpoint, uri } = contact;
  if (!knownContacts.isNews(contact) || !plan.mobileEndpoints.includes(endpoint)) return false;
  call.note('mobile-registered', { endpoint, contact: uri });
  return true;
}

/** The dialplan can be asked, too: so that a mobile is found, if later, while nobody tells us of registrations. */
async function lookThrough(call: Call, endpoints: readonly string[]): Promise<void> {
  const { contacts } = await call.caller.read({ variables: [], globals: [], contactsOf: endpoints });
  for (const contact of contacts) call.inbox.post({ what: 'contact', contact });
}
