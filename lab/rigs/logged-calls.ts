/**
 * A call as Asterisk's own logs tell it afterwards, by either way through the very same dialplan, as XiVO has it: the hook, then Dial(). What is new with each call (names of channels,
 * ids, times) is left out, so that one way can be compared with the other. It judges nothing.
 */
import type { CdrRow, CelRow } from '../asterisk/call-logs.ts';
import type { Callee, UserSpec } from '../callee.ts';
import type { LabCall } from '../caller.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab, LabSettings } from '../lab.ts';
import { BY_DIAL, BY_ROUTER, deskUser, officeSettings, type Way } from './office.ts';
import { hangUpAll, hearEachOther, partyOf, talk } from './talk.ts';

/** Before a user's number: with the router's hook, and without. */
const HOOKED = '5';
const PLAIN = '6';
/** XIVO_INTERFACE is all mobiles that are registered, else the UC Assistant. */
const DIALPLAN = `[lab-did](+)
exten => _[${HOOKED}${PLAIN}]XXXX,1,Goto(lab-logged,\${EXTEN},1)
[lab-logged]
exten => _[${HOOKED}${PLAIN}]XXXX,1,Set(XIVO_DSTID=\${EXTEN:1})
 same => n,Gosub(lab-users,user-\${XIVO_DSTID},1)
 same => n,Set(MOBILES=\${PJSIP_DIAL_CONTACTS(mobile-$[\${EXTEN:-2} + 0])})
 same => n,Set(XIVO_INTERFACE=PJSIP/uc-$[\${EXTEN:-2} + 0])
 same => n,ExecIf($[\${LEN(\${MOBILES})} > 0]?Set(XIVO_INTERFACE=\${MOBILES}))
 same => n,GosubIf($["\${EXTEN:0:1}" = "${HOOKED}"]?xivo-mapp-presubr,s,1)
 same => n,Dial(\${XIVO_INTERFACE},\${XIVO_RINGSECONDS},\${XIVO_CALLOPTIONS})
 same => n,Hangup(\${IF($["\${DIALSTATUS}" = "BUSY"]?17:19)})
`;

/** An office whose router runs. */
export function loggedSettings(version: 16 | 22, extraDialplan = ''): LabSettings {
  const { asterisk, ...office } = officeSettings(version);
  return {
    ...office,
    startRouter: true,
    globals: 'XIVO_MAPP_PLAY_MSG = False',
    asterisk: { ...asterisk, extraDialplan: [asterisk?.extraDialplan, DIALPLAN, extraDialplan].join('\n') },
  };
}

/** The number that rings the user that way. */
export function loggedNumber(way: Way, { number }: Callee): string {
  return `${way === BY_ROUTER ? HOOKED : PLAIN}${number}`;
}

export type Happens = (call: LabCall, user: Callee, lab: Lab) => Promise<unknown>;

/** What the logs say of a call. Of whom an unanswered row names as called, nothing: only a Dial() knows of legs. */
export interface Logged {
  readonly rows: readonly Readonly<Record<'src' | 'dst' | 'disposition' | 'channel' | 'called' | 'billed', string>>[];
  /** The types of event of each phone's channel, sorted; applications left out, and the end of all, which goes with whichever is gone last. */
  readonly parties: readonly string[];
}

/** Calls a user that way, lets happen what shall, and gives what the logs hold once all is over. */
export async function logged(lab: Lab, way: Way, spec: Partial<UserSpec>, happens: Happens): Promise<Logged> {
  const user = await deskUser(lab, way, spec);
  const call = await lab.caller().call(loggedNumber(way, user));
  await happens(call, user, lab);
  const { uniqueId } = await lab.ending(call);
  const rows = (await lab.asterisk.cdrRows(uniqueId)).map((row) => tell(row, user));
  return { rows, parties: partiesIn(await lab.asterisk.celRows(uniqueId)) };
}

/** The rows of a call whose caller hands it to the one with whom it talked, while the user rings who was called that way and then answers. */
export async function loggedReplaced(lab: Lab, way: Way): Promise<Logged['rows']> {
  const { user: handed, call, caller, callee } = await talk(lab, BY_DIAL);
  const user = await deskUser(lab, way);
  const second = await caller.phone.call(loggedNumber(way, user));
  await Promise.all([second.waitFor('ringing', SOON_MS), user.webApp.waitFor('ringing')]);
  await caller.call.transferTo(second);
  await user.webApp.answer();
  await hearEachOther(callee, partyOf('user', user.webApp));
  await hangUpAll([callee.phone, user.webApp.phone]);
  const { uniqueId } = await lab.ending(call);
  return (await lab.asterisk.cdrRows(uniqueId)).map((row) => tell(row, handed));
}

/** Of its number only whether it is the one that was dialled: each call has another. */
function tell(
  { src, dst, disposition, channel, dstchannel, billsec }: CdrRow,
  { number }: Callee,
): Logged['rows'][number] {
  return {
    src: src === number ? 'the callee' : src,
    dst: dst.slice(1) === number ? 'as dialled' : dst,
    disposition,
    channel: kindOf(channel),
    called: disposition === 'ANSWERED' ? kindOf(dstchannel) : '',
    // A second begun may count or not.
    billed: Number(billsec) <= 1 ? 'at most a second' : `${billsec} s`,
  };
}

/** `uc`, `mobile`, `trunk`. */
function kindOf(channel: string): string {
  return /^PJSIP\/([a-z]+)/.exec(channel)?.[1] ?? channel;
}

function partiesIn(events: readonly CelRow[]): string[] {
  const phones = new Map<string, string[]>();
  for (const { channel, eventtype } of events) {
    if (!channel.startsWith('PJSIP/') || /^APP_|^LINKEDID_END/.test(eventtype)) continue;
    phones.set(channel, [...(phones.get(channel) ?? []), eventtype]);
  }
  return [...phones].map(([channel, types]) => `${kindOf(channel)}: ${types.toSorted().join(' ')}`).toSorted();
}
