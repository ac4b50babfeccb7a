/**
 * extensions.conf of the lab, shaped like XiVO's: from-extern, did, user, the hook, XiVO's own Dial, the scenarios. What became of a call is written to a
 * file when its channel ends, whichever way it ends. No pattern here may match `h`, and nothing here may do the router's own work.
 */

import type { Ending } from './endings.ts';

export interface LabUser {
  /** userfeatures.id, given to the hook. */
  readonly id: string;
  /** The number that reaches the user; the id when left out. */
  readonly did?: string;
  /** XIVO_INTERFACE: `PJSIP/name`, several joined by `&`. */
  readonly interface?: string;
  /** XIVO_RINGSECONDS; 30 when left out, and it may be empty. */
  readonly ringSeconds?: number | '';
  /** Class of the callee's music on hold, set on the caller's channel as XiVO does. */
  readonly mohClass?: string;
  /** Further channel variables, set before the hook. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface DialplanSettings {
  /** Name of the Stasis application that the hook enters, given to it as XIVO_MAPP_APP. */
  readonly stasisApp: string;
  readonly users: readonly LabUser[];
  /** The project's own dialplan (dialplan/xivo-mapp.conf), or nothing while it does not exist. */
  readonly hookDialplan: string | undefined;
  /** Text put behind everything else. */
  readonly extraDialplan: string;
  /** Sound that the no-answer scenario plays, a path without its extension. */
  readonly noAnswerSound: string;
}

/** Where an ending begins within a line of the endings file. */
export const ENDING_MARK = 'LAB-ENDING ';

/** What a line of the endings file holds: the name of each field of an Ending, and the dialplan's expression for it. */
const ENDING = {
  channel: 'CHANNEL(name)',
  uniqueId: 'CHANNEL(uniqueid)',
  callId: 'LAB_CALL_ID',
  userId: 'XIVO_DSTID',
  status: 'XIVO_MAPP_STATUS',
  reason: 'XIVO_MAPP_REASON',
  scenario: 'LAB_SCENARIO',
  dialStatus: 'DIALSTATUS',
  stasisStatus: 'STASISSTATUS',
  hangupCause: 'HANGUPCAUSE',
} as const satisfies Record<keyof Ending, string>;

function renderUser(user: LabUser): string {
  const id = user.id;
  const set = (name: string, value: string): string => ` same => n,Set(${name}=${value})\n`;
  return `exten => user-${id},1,NoOp(${id})
${set('XIVO_INTERFACE', user.interface ?? '')}${set('XIVO_RINGSECONDS', String(user.ringSeconds ?? 30))}${
  user.mohClass === undefined ? '' : set('CHANNEL(musicclass)', user.mohClass)
}${Object.entries(user.variables ?? {})
  .map(([name, value]) => set(name, value))
  .join('')} same => n,Return()
`;
}

/** The hook for as long as the project's own dialplan does not exist: no more than the contract's two steps. */
const BARE_HOOK = `[xivo-mapp]
exten => s,1,Ringing()
 same => n,Stasis(\${XIVO_MAPP_APP},\${ARG1})
 same => n,Return()
`;

export function renderExtensions(settings: DialplanSettings): string {
  const record = Object.entries(ENDING)
    .map(([field, expression]) => `${field}=\${${expression}}`)
    .join('|');
  return `[general]
static=yes
writeprotect=yes
autofallthrough=yes
clearglobalvars=no

#include "xivo_globals.conf"

[from-extern]
exten => _[+0-9]!,1,Goto(did,\${EXTEN},1)

[from-intern]
exten => _[+0-9]!,1,Goto(did,\${EXTEN},1)

[did]
exten => _[+0-9]!,1,Set(LAB_CALL_ID=\${CHANNEL(pjsip,call-id)})
 same => n,Set(CHANNEL(hangup_handler_push)=lab-ending,s,1)
 same => n,Set(XIVO_MAPP_APP=${settings.stasisApp})
 same => n,Set(LAB_USER=\${EXTEN})
 same => n,ExecIf(\${DIALPLAN_EXISTS(lab-did,\${EXTEN},1)}?Gosub(lab-did,\${EXTEN},1))
 same => n,Gosub(user,s,1(\${LAB_USER}))
 same => n,Hangup()

[lab-did]
${settings.users.map((user) => `exten => ${user.did ?? user.id},1,Set(LAB_USER=${user.id})\n same => n,Return()\n`).join('')}
[lab-users]
${settings.users.map(renderUser).join('')}
[user]
exten => s,1,Set(XIVO_DSTID=\${ARG1})
 same => n,ExecIf(\${DIALPLAN_EXISTS(lab-users,user-\${XIVO_DSTID},1)}?Gosub(lab-users,user-\${XIVO_DSTID},1))
 same => n,Gosub(xivo-mapp,s,1(\${XIVO_DSTID}))
 same => n,GotoIf($["\${XIVO_MAPP_STATUS}" = "ANSWERED"]?answered)
 same => n,GotoIf($["\${XIVO_MAPP_STATUS}" = "PASSED" & "\${XIVO_INTERFACE}" != ""]?dial)
 same => n,Goto(NOANSWER,1)
 same => n(answered),Set(LAB_SCENARIO=ANSWERED)
 same => n,Hangup(16)
 same => n(dial),Dial(\${XIVO_INTERFACE},\${XIVO_RINGSECONDS},\${XIVO_CALLOPTIONS})
 same => n,Goto(\${DIALSTATUS},1)
exten => NOANSWER,1,Set(LAB_SCENARIO=NOANSWER)
 same => n,Answer()
 same => n,Playback(${settings.noAnswerSound})
 same => n,Hangup(19)
exten => ANSWER,1,Set(LAB_SCENARIO=ANSWERED)
 same => n,Hangup(16)
exten => BUSY,1,Set(LAB_SCENARIO=BUSY)
 same => n,Hangup(17)
exten => CANCEL,1,Set(LAB_SCENARIO=CANCEL)
 same => n,Hangup()
exten => CONGESTION,1,Set(LAB_SCENARIO=CONGESTION)
 same => n,Hangup(34)
exten => CHANUNAVAIL,1,Set(LAB_SCENARIO=CHANUNAVAIL)
 same => n,Hangup(20)

[lab-ending]
; A log level of its own, for FILE() may not write on a channel that ARI has had its hands on.
exten => s,1,Log(DTMF,${ENDING_MARK}${record})
 same => n,Return()

; A place where a Local channel can wait, for tests that need a channel and no phone.
[lab-idle]
exten => s,1,Answer()
 same => n,Wait(3600)
exten => ring,1,Ringing()
 same => n,Wait(3600)

${settings.hookDialplan ?? BARE_HOOK}
${settings.extraDialplan}
`;
}
