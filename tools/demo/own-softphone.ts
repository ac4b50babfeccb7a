/**
 * What --keep is for: somebody's own softphone, as caller or as callee, against the lab that stays up. It says how, and tells the pushes and the router's
 * log lines as they come. It ends with Ctrl-C and must leave nothing.
 */
import { createInterface } from 'node:readline';
import type { AsteriskSettings } from '../../lab/asterisk/asterisk.ts';
import type { LabCall } from '../../lab/caller.ts';
import type { Lab } from '../../lab/lab.ts';
import { answersAfter } from '../../lab/phone/invite-policies.ts';
import type { Paper } from './paper.ts';

const CALLER = { account: 'softphone', password: 'softphone' };
const CALLEE = { account: 'my-mobile', password: 'my-mobile', number: '2001' };

/** What a softphone of one's own needs in Asterisk. */
export function ownPhones(wanted: boolean): Pick<AsteriskSettings, 'endpoints' | 'users'> {
  if (!wanted) return { endpoints: [], users: [] };
  return {
    endpoints: [
      { name: CALLER.account, password: CALLER.password, callerId: '"Softphone" <2000>' },
      { name: CALLEE.account, password: CALLEE.password, callerId: `"My mobile" <${CALLEE.number}>` },
    ],
    users: [{ id: CALLEE.number, interface: `PJSIP/${CALLEE.account}`, ringSeconds: 30 }],
  };
}

/** Never resolves: it ends by being interrupted. */
export async function keepUp(lab: Lab, paper: Paper): Promise<never> {
  const alice = await lab.user({
    ringingDevice: 'MobileApp',
    name: 'Alice Martin',
    mobile: { name: 'Alice’s mobile', wakesAfterMs: 3000, does: answersAfter(3000) },
  });
  const david = await lab.user({
    ringingDevice: 'MobileApp',
    name: 'David Leroy',
    mobile: { name: 'David’s mobile', wakesAfterMs: 'never' },
  });
  await lab.api.put(`/v1/users/${CALLEE.number}`, {
    ringingDevice: 'MobileApp',
    mobileEndpoint: `PJSIP/${CALLEE.account}`,
  });
  await lab.api.put(`/v1/users/${CALLEE.number}/devices/${CALLEE.account}`, {
    platform: 'android',
    token: 'lab:token-of-my-mobile',
  });

  // Asleep again after each call, so that the next one has to wake it as well.
  alice.mobile.phone.events.on(({ type }) => {
    if (type === 'ended') alice.mobile.phone.unregister().catch(() => undefined);
  });

  paper.heading('It stays up: call with a softphone of your own, on this machine');
  for (const line of instructions(lab, { alice: alice.number, david: david.number })) paper.line(line);
  for (const service of [lab.push.fcm, lab.push.apns]) {
    service.onPush((push) =>
      paper.line(`push     ${push.payload.type} for ${push.payload.calleeUserId}: ${JSON.stringify(push.payload)}`),
    );
  }
  lab.router.log.on((line) => paper.line(`router   ${line.text}`));
  await enterCalls(lab, paper);
  return await new Promise<never>(() => undefined);
}

function instructions(lab: Lab, numbers: { readonly alice: string; readonly david: string }): string[] {
  const { sipHost, sipPort, runFolder } = lab.asterisk;
  const key = lab.router.environment.API_KEY;
  return [
    `server        ${sipHost}:${sipPort}, UDP; codec PCMU or PCMA; no STUN, no ICE, no encryption`,
    '',
    `to call       account ${CALLER.account}, password ${CALLER.password}. Dial`,
    `                ${numbers.alice}  Alice: a push wakes her mobile, after 3 s it rings, 3 s later it answers and you hear its tone`,
    `                ${numbers.david}  David: his mobile never wakes; after 15 s you hear the no-answer scenario`,
    `                ${CALLEE.number}  your own other account:`,
    '',
    `to be called  account ${CALLEE.account}, password ${CALLEE.password}. Leave it offline, have ${CALLEE.number} called, and bring it online within 15 s,`,
    '              as its push would: it rings at once.',
    ...(process.stdin.isTTY
      ? [
          `              Without a second softphone: press Enter here, and Carol calls ${CALLEE.number}; Enter again, and she hangs up.`,
        ]
      : []),
    '',
    `to look       curl -H 'Authorization: Bearer ${key}' ${lab.router.url}/v1/calls    (and /v1/calls/<call id>: the timeline)`,
    `              Asterisk's configuration and log: ${runFolder}`,
    '',
    'Every push and every line of the router’s log is shown from here on. Ctrl-C ends everything.',
    '',
  ];
}

/** Enter lets Carol call; Enter again, and she hangs up. */
async function enterCalls(lab: Lab, paper: Paper): Promise<void> {
  if (!process.stdin.isTTY) return;
  const carol = lab.caller({ name: 'Carol', number: '0612345678' });
  carol.phone.events.on(({ type, detail }) => paper.line(`Carol    ${type} ${detail}`));
  let call: LabCall | undefined;
  for await (const _ of createInterface({ input: process.stdin })) {
    if (call === undefined || call.hasEnded) {
      call = await carol.call(CALLEE.number);
      paper.line(`Carol    calls ${CALLEE.number}`);
    } else await call.hangUp();
  }
}
