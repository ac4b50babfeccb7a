/**
 * A site's own dialplan around ours: numbers whose calls go through a XiVO that names our subroutine, and a number whose user id is empty. Nothing here does
 * the router's work.
 */
import type { Ending } from '../asterisk/asterisk.ts';
import type { Callee } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import type { Lab } from '../lab.ts';

/** Before a callee's number: the call goes through a XiVO that names our subroutine. */
export const XIVO = '7';
/** A number whose user id is empty. */
export const NOBODY = '60';

export const SITE_DIALPLAN = `[lab-did](+)
exten => _${XIVO}X.,1,Set(XIVO_DSTID=\${EXTEN:1})
 same => n,Goto(lab-xivo,s,1)
exten => ${NOBODY},1,Set(LAB_USER=)
 same => n,Return()
[lab-xivo]
exten => s,1,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,Set(XIVO_PRESUBR_GLOBAL_USER=xivo-mapp-presubr)
 same => n,Gosub(\${XIVO_PRESUBR_GLOBAL_USER},s,1)
 same => n,Dial(\${XIVO_INTERFACE},\${XIVO_RINGSECONDS},\${XIVO_CALLOPTIONS})
 same => n,Goto(user,\${DIALSTATUS},1)
`;

/** Users that the router has never heard of, so that the channel alone says who they are. */
export const stranger = { inRegistry: false } as const;
export const awake = { is: 'awake' } as const;

/** A call to that callee, by way of a site's prefix where there is one. */
export function callTo({ number }: Callee, prefix: string, lab: Lab): Promise<LabCall> {
  return lab.caller().call({ number: `${prefix}${number}` });
}

/** How a call to that number leaves the dialplan, where nobody takes it. The no-answer scenario answers it, and need not be heard to its end. */
export async function endingOfCallTo(number: string, lab: Lab): Promise<Ending> {
  const placed = await lab.caller().call(number);
  await Promise.race([placed.waitFor('answered').catch(() => undefined), placed.waitFor('ended')]);
  await placed.hangUp();
  return await lab.ending(placed);
}
