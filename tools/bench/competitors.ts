/**
 * What the router is measured against, on the same Asterisk: a dialplan that polls in 3 x 5 s, and a bare ARI script, which runs as a process of its own, as the router does. Their
 * numbers are a word and the seat: `poll3`, `wait3`, `bare3` (with music), `bell3` (without). Nothing here may help or hinder either.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { LabAsterisk } from '../../lab/asterisk/asterisk.ts';
import type { Callee } from '../../lab/callee.ts';

const SCRIPT_APP = 'bare-script';
const SETPRIV = '/usr/bin/setpriv';
const READY_MS = 10_000;

/** A dialplan that looks every so many seconds whether the seat's mobile is there, and then dials. Each of its numbers begins with a word of four letters. */
const polling = (word: string, company: string, times: number, seconds: number): string => `
[from-extern](+)
exten => _${word}.,1,${company}
 same => n,Set(LOOPS=0)
 same => n(look),Set(CONTACTS=\${PJSIP_DIAL_CONTACTS(mobile-\${EXTEN:4})})
 same => n,GotoIf($["\${CONTACTS}" != ""]?ring)
 same => n,GotoIf($[\${LOOPS} >= ${times}]?over)
 same => n,Set(LOOPS=$[\${LOOPS} + 1])
 same => n,Wait(${seconds})
 same => n,Goto(look)
 same => n(ring),StopMusicOnHold()
 same => n,Dial(\${CONTACTS},30)
 same => n(over),Hangup()
`;

/** Numbers of polling dialplans that look each second for two minutes, with music and with ringing alone. Caution: n, x and z are wildcards in a pattern. */
export const musicPollNumber = ({ seat }: Callee): string => `slow${seat.mobileEndpoint.slice('mobile-'.length)}`;
export const ringingPollNumber = ({ seat }: Callee): string => `look${seat.mobileEndpoint.slice('mobile-'.length)}`;
export const MUSIC_POLL_DIALPLAN = polling('slow', 'Progress()\n same => n,StartMusicOnHold()', 120, 1);
export const RINGING_POLL_DIALPLAN = polling('look', 'Ringing()', 120, 1);

/** For extensions.conf. Caution: n, x and z are wildcards in a pattern, so no word here has them. */
export const COMPETITORS_DIALPLAN = `${polling('poll', 'Ringing()', 3, 5)}
exten => _wait.,1,Ringing()
 same => n,Stasis(${SCRIPT_APP},wait,PJSIP/mobile-\${EXTEN:4})
 same => n,Hangup()
exten => _bare.,1,Ringing()
 same => n,Stasis(${SCRIPT_APP},music,PJSIP/mobile-\${EXTEN:4})
 same => n,Hangup()
exten => _bell.,1,Ringing()
 same => n,Stasis(${SCRIPT_APP},ring,PJSIP/uc-\${EXTEN:4})
 same => n,Hangup()
`;

/** The bare script; disposing ends it. Throws when it does not connect. */
export async function startBareScript(asterisk: LabAsterisk): Promise<AsyncDisposable> {
  const node = process.execPath;
  const script = resolve(import.meta.dirname, './bare-ari-script.ts');
  const withParent = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--', node] : [node];
  const [file = '', ...args] = [...withParent, script];
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ARI_URL: asterisk.ariUrl,
      ARI_USERNAME: asterisk.ariUsername,
      ARI_PASSWORD: asterisk.ariPassword,
      ARI_APP: SCRIPT_APP,
    },
  });
  const gone = new Promise<void>((done) => {
    child.once('close', () => done());
    child.once('error', () => done());
  });
  const end = async (): Promise<void> => {
    child.kill('SIGTERM');
    await gone;
  };
  try {
    await ready(child);
  } catch (error) {
    await end();
    throw error;
  }
  return { [Symbol.asyncDispose]: end };
}

async function ready(child: ChildProcess): Promise<void> {
  const { promise, resolve: connected, reject } = Promise.withResolvers<void>();
  const late = setTimeout(() => reject(new Error('the bare ARI script does not connect')), READY_MS);
  child.once('close', () => reject(new Error('the bare ARI script has ended')));
  if (child.stdout !== null) createInterface({ input: child.stdout }).once('line', () => connected());
  try {
    await promise;
  } finally {
    clearTimeout(late);
  }
}
