/**
 * What a site lays on a call before anybody rings: a time after which it ends, and a recording of it. Each waits for what comes of it and
 * tells it; what ought to come is the test's to say. Nothing here does the router's work.
 */
import type { Callee, UserSpec } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab, LabSettings } from '../lab.ts';
import { isSound } from '../phone/heard-timeline.ts';
import type { PhoneCall } from '../phone/phone-call.ts';
import { deskUser, officeSettings, type Way } from './office.ts';

/** Before a number: from here on the call is recorded, into a file that is named by the caller's SIP Call-ID. */
const RECORDED = '4';
/** Before a user's number: through a context that has an extension T, by a plain Dial(), by the router, or by the router as XiVO calls it. */
const BOUNDED = { dial: '50', router: '51', presubr: '52' } as const;

/** Scenario of a call whose time was over, where the site's dialplan has an extension T. */
export const LIMIT = 'LIMIT';

const DIALPLAN = `[lab-did](+)
exten => _${RECORDED}.,1,MixMonitor(\${LAB_CALL_ID}.wav)
 same => n,GotoIf(\${DIALPLAN_EXISTS(lab-did,\${EXTEN:1},1)}?\${EXTEN:1},1)
 same => n,Set(LAB_USER=\${EXTEN:1})
 same => n,Return()
exten => _5[0-2]XXXX,1,Set(XIVO_DSTID=\${EXTEN:2})
 same => n,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,Goto(lab-bounded,\${EXTEN:0:2},1)
[lab-bounded]
exten => ${BOUNDED.dial},1,Dial(\${XIVO_INTERFACE},\${XIVO_RINGSECONDS},\${XIVO_CALLOPTIONS})
 same => n,Goto(user,NOANSWER,1)
exten => ${BOUNDED.router},1,Gosub(xivo-mapp,s,1(\${XIVO_DSTID}))
 same => n,Goto(user,NOANSWER,1)
exten => ${BOUNDED.presubr},1,Gosub(lab-presubr,s,1)
 same => n,Goto(${BOUNDED.dial},1)
exten => T,1,Set(LAB_SCENARIO=${LIMIT})
 same => n,Hangup()
[lab-presubr]
exten => s,1,Gosub(xivo-mapp-presubr,s,1)
 same => n,Return()
`;

/** An office whose router runs, and whose callers hear a tone while they wait. */
export function limitSettings(version: 16 | 22): LabSettings {
  const { asterisk, ...office } = officeSettings(version);
  return {
    ...office,
    startRouter: true,
    globals: 'XIVO_MAPP_MSG_SOUND = beep',
    asterisk: { ...asterisk, extraDialplan: `${asterisk?.extraDialplan}\n${DIALPLAN}` },
  };
}

/** By a dialplan of the site's own that has an extension T. */
export function bounded(by: keyof typeof BOUNDED): Way {
  return { inRegistry: by !== 'dial', numberOf: ({ number }) => `${BOUNDED[by]}${number}` };
}

/** The same way, recorded from before the hook. */
export function recorded(way: Way): Way {
  return { ...way, numberOf: (user) => `${RECORDED}${way.numberOf(user)}` };
}

/** What became of a call that nobody has hung up. Times are Asterisk's own, by which it ends calls: a clock that is set moves both. */
interface RanOut {
  /** From when Asterisk had the caller's INVITE. */
  readonly lastedMs: number;
  /** From when Asterisk had the answer of whom was called; not a number where nobody has answered. */
  readonly talkedMs: number;
  readonly scenario: string;
  /** How many rows the call log has of it. */
  readonly rows: number;
}

/** Somebody calls the user that way, whose phone rings on or sleeps on; nobody hangs up. */
export async function waitOut(lab: Lab, way: Way, user: Callee): Promise<RanOut> {
  return await runOut(lab, await lab.caller().call(way.numberOf(user)));
}

interface TalkedOut extends RanOut {
  /** In the order in which it came. */
  readonly callerHeard: readonly string[];
  readonly calleeHeard: readonly string[];
}

/** Somebody calls the user that way, who answers; nobody hangs up. */
export async function talkOut(lab: Lab, way: Way, user: Callee): Promise<TalkedOut> {
  const call = await lab.caller().call(way.numberOf(user));
  const { webApp } = user;
  const leg = await webApp.answer();
  const ranOut = await runOut(lab, call);
  await leg.waitFor('ended', SOON_MS);
  return {
    ...ranOut,
    callerHeard: soundsOf(call.sip, webApp.toneHz),
    calleeHeard: soundsOf(leg, call.toneHz),
  };
}

/** Each of them at the same time, with a user of its own. */
export async function allOut(
  lab: Lab,
  spec: Partial<UserSpec>,
  calls: readonly { readonly act: typeof waitOut; readonly by: Way }[],
): Promise<RanOut[]> {
  const ready: (() => Promise<RanOut>)[] = [];
  for (const { act, by } of calls) {
    const user = await deskUser(lab, by, spec);
    ready.push(() => act(lab, by, user));
  }
  return await Promise.all(ready.map((call) => call()));
}

async function runOut(lab: Lab, call: LabCall): Promise<RanOut> {
  await call.waitFor('ended');
  const { scenario, uniqueId } = await lab.ending(call);
  const { length: rows } = await lab.asterisk.cdrRows(uniqueId);
  const events = await lab.asterisk.celRows(uniqueId);
  const atMs = (type: string, isCaller: boolean): number =>
    1000 * Number(events.find((row) => row.eventtype === type && (row.uniqueid === uniqueId) === isCaller)?.eventtime);
  const endedAtMs = atMs('HANGUP', true);
  const lastedMs = endedAtMs - atMs('CHAN_START', true);
  return { lastedMs, talkedMs: endedAtMs - atMs('ANSWER', false), scenario, rows };
}

function soundsOf(call: PhoneCall, otherHz: number): readonly string[] {
  const sounds = call.heard().filter(({ what }) => isSound(what));
  return [...new Set(sounds.map(({ what }) => (what === otherHz ? 'the other' : `${what}`)))];
}
