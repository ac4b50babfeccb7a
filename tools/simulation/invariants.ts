/** All that must hold in every world, by name. A world that breaks one has found a bug: in the call, or in what we believe of it. */

import {
  neverWithoutSound,
  nothingPlaysIntoAConversation,
  theWaitIsHonoured,
  whoWakesIsRung,
} from './about-company.ts';
import {
  callerIsWhereTheEndingSays,
  endingIsTrue,
  endsInTime,
  exactlyOneEnding,
  ringingIsNotCutOff,
} from './about-endings.ts';
import {
  aDeclineIsObeyed,
  anEndpointHasFewLegs,
  everyLegIsAccountedFor,
  exactlyOneLegConnected,
  losersAreTold,
  nobodyIsCutOff,
  nobodyIsRungTooLate,
  nothingStaysBehind,
} from './about-legs.ts';
import { lostCallsAreTold } from './about-lost.ts';
import { everyPushIsAccountedFor } from './about-pushes.ts';
import {
  nobodyIsPushedTwice,
  noLegIsForgotten,
  oneEndOverAllRuns,
  theWaitIsNotBegunAnew,
  whoAnsweredOnAFoundLegIsHeard,
} from './about-restarts.ts';
import { type Facts, factsOf } from './facts.ts';
import type { Played } from './play.ts';

export interface Broken {
  readonly invariant: string;
  readonly what: string;
}

const OF_A_CALL: Readonly<Record<string, (facts: Facts, played: Played) => Iterable<string>>> = {
  'exactly one ending': exactlyOneEnding,
  'the caller is where the ending says': callerIsWhereTheEndingSays,
  'the ending is true': endingIsTrue,
  'every call ends in time': endsInTime,
  'ringing is not cut off': ringingIsNotCutOff,
  'exactly one leg has the caller': exactlyOneLegConnected,
  'losers are told at once': (facts, played) => losersAreTold(played, facts),
  'nobody is rung too late': nobodyIsRungTooLate,
  'an endpoint has few legs': anEndpointHasFewLegs,
  'every leg is accounted for': everyLegIsAccountedFor,
  'every push is accounted for': (facts, played) => everyPushIsAccountedFor(played, facts),
  'the caller is never without sound': (facts, played) => neverWithoutSound(played, facts),
  'nothing plays into a conversation': nothingPlaysIntoAConversation,
  'the wait is honoured': theWaitIsHonoured,
  'a decline is obeyed': (facts, played) => aDeclineIsObeyed(played, facts),
  'who wakes is rung': (facts, played) => whoWakesIsRung(played, facts),
  'who answered on a found leg is heard': whoAnsweredOnAFoundLegIsHeard,
};

const OF_ALL: Readonly<Record<string, (played: Played, all: readonly Facts[]) => Iterable<string>>> = {
  'nothing stays behind': nothingStaysBehind,
  'one end over all runs': oneEndOverAllRuns,
  'no leg is forgotten': noLegIsForgotten,
  'nobody is pushed twice': nobodyIsPushedTwice,
  'the wait is not begun anew': theWaitIsNotBegunAnew,
  'lost calls are told': lostCallsAreTold,
  'nobody who has answered is cut off': nobodyIsCutOff,
};

export function brokenIn(played: Played): readonly Broken[] {
  const all = played.calls.map((call) => factsOf(played, call));
  const ofCalls = all.flatMap((facts) =>
    Object.entries(OF_A_CALL).flatMap(([invariant, check]) =>
      [...check(facts, played)].map((what) => ({ invariant, what: `${facts.call.callId}: ${what}` })),
    ),
  );
  const ofAll = Object.entries(OF_ALL).flatMap(([invariant, check]) =>
    [...check(played, all)].map((what) => ({ invariant, what })),
  );
  return [...ofCalls, ...ofAll];
}
