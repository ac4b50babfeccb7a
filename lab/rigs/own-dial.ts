/**
 * A site whose dialplan keeps its own Dial, and asks the router by FastAGI: numbers whose calls go through dialplan/xivo-mapp-agi.conf, and numbers that only ask. Nothing here does the
 * router's work.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Lab } from '../lab.ts';

/** Before a callee's number: wake, then Dial. */
export const OWN_DIAL = '8';
/** Before a callee's number: look-up, then Dial. */
export const LOOK_UP = '9';
/** A number that asks for what there is not. */
export const WRONG = '61';

const sample = readFileSync(resolve(import.meta.dirname, '../../dialplan/xivo-mapp-agi.conf'), 'utf8');

export const OWN_DIALPLAN = `${sample}
[lab-did](+)
exten => _${OWN_DIAL}X.,1,Set(XIVO_DSTID=\${EXTEN:1})
 same => n,Goto(lab-own-dial,s,1)
exten => _${LOOK_UP}X.,1,Set(XIVO_DSTID=\${EXTEN:1})
 same => n,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,AGI(agi://\${XIVO_MAPP_AGI}/lookup,\${XIVO_DSTID})
 same => n,Log(NOTICE,LAB-LOOKUP \${XIVO_MAPP_DEVICE} \${XIVO_MAPP_MOBILE_ENDPOINT} \${XIVO_MAPP_WEBAPP_ENDPOINT})
 same => n,Dial(\${XIVO_MAPP_DIAL},5)
 same => n,Hangup()
exten => ${WRONG},1,AGI(agi://\${XIVO_MAPP_AGI}/fetch,7)
 same => n,Hangup()
[lab-own-dial]
exten => s,1,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,Gosub(xivo-mapp-own-dial,s,1(\${XIVO_DSTID}))
 same => n,Goto(user,NOANSWER,1)
`;

/** Tells the dialplan where the router listens. */
export async function tellWhere(lab: Lab): Promise<void> {
  await lab.asterisk.cli(`dialplan set global XIVO_MAPP_AGI 127.0.0.1:${lab.router.environment.AGI_PORT}`);
}
