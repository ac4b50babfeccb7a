/**
 * A XiVO whose no-answer scenario sends the call, on the same channel, to another user who has the app as well; by each door that leads to us. Nothing here does the router's work.
 */
import type { Callee } from '../callee.ts';
import { OWN_DIALPLAN } from './own-dial.ts';

/** The doors: how a user's call is given to us. */
export const DOORS = {
  'Gosub(xivo-mapp)': 1,
  'the global hook': 2,
  'the per-user and the global hook': 3,
  'Gosub(xivo-mapp-own-dial)': 4,
  'the global hook by FastAGI': 5,
  'the per-user and the global hook by FastAGI': 6,
} as const;
export type Door = keyof typeof DOORS;

const PREFIX = '5';
const NOBODY = '0000';

/** The number whose call goes to the one user, and from there to the next. */
export function numberOf(door: Door, one: Callee, next?: Callee): string {
  return `${PREFIX}${DOORS[door]}${one.userId}${next?.userId ?? NOBODY}`;
}

const hooked = (door: Door, hook: string, times: number): string =>
  `exten => door-${DOORS[door]},1,NoOp()
${` same => n,Gosub(${hook},s,1)\n`.repeat(times)} same => n,Dial(\${XIVO_INTERFACE},\${XIVO_RINGSECONDS},\${XIVO_CALLOPTIONS})
 same => n,Goto(next,1)
`;

export const NEXT_USER_DIALPLAN = `${OWN_DIALPLAN}
[lab-did](+)
exten => _${PREFIX}XXXXXXXXX,1,Set(LAB_DOOR=\${EXTEN:1:1})
 same => n,Set(XIVO_DSTID=\${EXTEN:2:4})
 same => n,Set(LAB_NEXT=\${EXTEN:6:4})
 same => n,Goto(lab-next-user,s,1)
[lab-next-user]
exten => s,1,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,Goto(door-\${LAB_DOOR},1)
exten => door-${DOORS['Gosub(xivo-mapp)']},1,Gosub(xivo-mapp,s,1(\${XIVO_DSTID}))
 same => n,Goto(next,1)
exten => door-${DOORS['Gosub(xivo-mapp-own-dial)']},1,Gosub(xivo-mapp-own-dial,s,1(\${XIVO_DSTID}))
 same => n,Goto(next,1)
${hooked('the global hook', 'xivo-mapp-presubr', 1)}${hooked('the per-user and the global hook', 'xivo-mapp-presubr', 2)}${hooked(
  'the global hook by FastAGI',
  'xivo-mapp-presubr-own-dial',
  1,
)}${hooked('the per-user and the global hook by FastAGI', 'xivo-mapp-presubr-own-dial', 2)}
exten => next,1,GotoIf($["\${LAB_NEXT}" = "${NOBODY}"]?user,NOANSWER,1)
 same => n,Set(XIVO_DSTID=\${LAB_NEXT})
 same => n,Set(LAB_NEXT=${NOBODY})
 same => n,Goto(s,1)
`;
