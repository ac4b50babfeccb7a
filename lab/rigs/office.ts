/**
 * An office around the lab: numbers that reach a user by a plain Dial() and no router, a context for transfers, the parking lot, codes for pickup. What a plain Dial() does
 * here is the measure for a call that the router has connected: each scenario is told the way by which its call shall go. Nothing here does the router's work.
 */
import type { AsteriskVersion } from '../asterisk/asterisk.ts';
import { PARKING } from '../asterisk/site-conf.ts';
import type { Callee, UserSpec } from '../callee.ts';
import type { Lab, LabSettings } from '../lab.ts';

/** Before a user's number: a plain Dial(). */
const DIAL = '8';
/** The conference of the office. */
export const CONFERENCE = '650';
/** Picks up whatever rings in the group, by the application; CODES.pickup does it by Asterisk's own feature. */
export const GROUP_PICKUP = '*98';
/** Before a user's number: picks up the call that rings there, by its mark. */
export const DIRECTED_PICKUP = '*97';
/** Context in which the number of a transfer is looked up. */
export const TRANSFERS = 'lab-transfers';

const OFFICE_DIALPLAN = `[lab-did](+)
exten => _${DIAL}XXXX,1,Goto(lab-plain,\${EXTEN},1)
[lab-plain]
exten => _${DIAL}XXXX,1,Set(XIVO_DSTID=\${EXTEN:1})
 same => n,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,Goto(user,s,dial)
[${TRANSFERS}]
include => parkedcalls
include => lab-office
exten => _${DIAL}XXXX,1,Goto(lab-plain,\${EXTEN},1)
[lab-office]
exten => ${CONFERENCE},1,ConfBridge(office)
 same => n,Hangup()
[from-intern](+)
exten => ${GROUP_PICKUP},1,Pickup()
 same => n,Hangup()
exten => _${DIRECTED_PICKUP}XXXX,1,Pickup(\${EXTEN:3}@PICKUPMARK)
 same => n,Hangup()
exten => ${PARKING.park},1,Goto(parkedcalls,\${EXTEN},1)
exten => _${PARKING.first.slice(0, 1)}[0-2]X,1,Goto(parkedcalls,\${EXTEN},1)
exten => ${CONFERENCE},1,Goto(lab-office,\${EXTEN},1)
`;
const SEATS = 6;
const GROUP = Array.from(
  { length: SEATS },
  (_, index) => `[uc-${index + 1}](+type=endpoint)\ncall_group=1\npickup_group=1\n`,
).join('');

/** Settings of a lab that is an office. */
export function officeSettings(version: AsteriskVersion): LabSettings {
  return {
    version,
    seats: SEATS,
    startRouter: false,
    asterisk: { site: true, mohDefault: 'tone', extraDialplan: OFFICE_DIALPLAN, extraPjsip: GROUP },
  };
}

/** How a call goes from its caller to a user. */
export interface Way {
  /** Whether the router shall know of users. */
  readonly inRegistry: boolean;
  numberOf(user: Callee): string;
}

/** The measure: no router, one Dial(). */
export const BY_DIAL: Way = { inRegistry: false, numberOf: dialled };

/** The router's way. Its lab must start it. */
export const BY_ROUTER: Way = { inRegistry: true, numberOf: ({ number }) => number };

/** The number by which a user is always reached by a plain Dial(), whichever way the call goes that is looked at. */
export function dialled({ number }: Callee): string {
  return `${DIAL}${number}`;
}

/** A user with a phone on the desk, who may do all that an office phone may. */
export function deskUser(lab: Lab, way: Way, spec: Partial<UserSpec> = {}): Promise<Callee> {
  return lab.user({
    ringingDevice: 'WebApp',
    inRegistry: way.inRegistry,
    ...spec,
    variables: {
      __TRANSFER_CONTEXT: TRANSFERS,
      XIVO_CALLOPTIONS: 'tTxXhH',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the dialplan fills it in.
      __PICKUPMARK: '${XIVO_DSTID}',
      ...spec.variables,
    },
  });
}
