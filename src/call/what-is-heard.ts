/**
 * Whether a caller who waits hears what was meant: a message, music or a tone that cannot be played is told of, with what is heard instead and the
 * cure; and where music does not come, the caller gets ringback. A PBX takes an order for music whether there is any or not, so it is looked at
 * whether anything is sent. It must never touch what a caller hears once somebody has answered, nor tell of what was merely ended.
 */

import type { Call } from './call.ts';
import { PbxError } from './errors.ts';
import type { Plan } from './plan.ts';
import type { Hold, HoldNews } from './ports.ts';
import { retry } from './retry.ts';

/** How many packets of media the caller has been sent; '' where that cannot be told. */
const SENT = 'CHANNEL(rtcp,txcount)';
/** When it is looked, in ms after music was ordered: it may take 200 until it begins, and silence is noticed after a second. */
const LOOKS_AFTER_MS = [250, 400, 500] as const;
/** A PBX that is late begins late: so many times as long as its answers take is waited for longer. */
const TIMES_THE_ANSWER = 10;

/** By when word of a caller's end has come after the end of what played, in ms. */
const LEAVING_MS = 250;

type Tell = (detail: string) => void;

/** Starts a hold and sees to it that something is heard. Rejects as startHold does. */
export async function beHeard(call: Call, plan: Plan, hold: Hold, tell: Tell): Promise<void> {
  call.hold = hold;
  const onNews = (news: HoldNews) => {
    if (!stillWaits(call)) return;
    if (news.what === 'tone') call.beside('hold', anyTone(call, plan, hold, tell));
    else call.beside('hold', afterMessage(call, plan, hold, news.played, tell));
  };
  await call.caller.startHold(hold, onNews);
  if (hold.message === undefined && hold.afterwards.kind === 'music') await musicOrTone(call, plan, hold, tell);
}

/** Someone may have answered meanwhile: what starts now would play into the conversation. */
export function stillWaits(call: Call): boolean {
  return !call.signal.aborted && !['talking', 'ending'].includes(call.timeline.stage);
}

async function afterMessage(call: Call, plan: Plan, hold: Hold, played: boolean, tell: Tell): Promise<void> {
  const heard = hold.afterwards.kind === 'music' ? await musicOrTone(call, plan, hold, tell) : hold.afterwards.kind;
  if (played || hold.message === undefined || !(await stays(call))) return;
  const cure = 'put it among the sounds of Asterisk, in the language of the caller, or set XIVO_MAPP_MSG_SOUND';
  note(call, { what: 'message', name: hold.message, heard });
  tell(`the message ${hold.message} cannot be played, ${heard} is heard instead; ${cure}`);
}

/** Whether the caller waits on. One who leaves makes what plays fail as well, and that is known first. */
async function stays(call: Call): Promise<boolean> {
  if (!stillWaits(call)) return false;
  await call.ports.clock.sleep(LEAVING_MS, call.signal);
  // Asked of the PBX, since its word of the end may be under way.
  await sent(call);
  return stillWaits(call);
}

/** Ringback that plays for sure, where that of the country does not. */
async function anyTone(call: Call, plan: Plan, { afterwards }: Hold, tell: Tell): Promise<void> {
  if (afterwards.kind !== 'tone' || afterwards.country === '') return;
  await insteadTone(call, plan, '', tell);
  if (!(await stays(call))) return;
  const { country } = afterwards;
  note(call, { what: 'tone', name: country, heard: 'tone of fr' });
  tell(
    `the ringback of country "${country}" cannot be played, that of France is heard instead; add ring to its section in indications.conf, or set XIVO_MAPP_TONE_COUNTRY`,
  );
}

function insteadTone(call: Call, plan: Plan, country: string, tell: Tell): Promise<void> {
  const tone: Hold = { message: undefined, afterwards: { kind: 'tone', country } };
  return retry(call.ports.clock, call.signal, async () => {
    if (stillWaits(call)) await beHeard(call, plan, tone, tell);
  });
}

/** Waits until music is heard, and has the caller hear ringback where it is not. Says which. */
async function musicOrTone(call: Call, plan: Plan, hold: Hold, tell: Tell): Promise<'music' | 'tone'> {
  if (await isAnythingSent(call)) return 'music';
  if (!stillWaits(call) || hold.afterwards.kind !== 'music') return 'music';
  const { musicClass = 'default' } = hold.afterwards;
  note(call, { what: 'music', name: musicClass, heard: 'tone' });
  tell(
    `music class "${musicClass}" plays nothing, nor does class "default"; ringback is heard instead; give it music (asterisk -rx "moh show files"), or set XIVO_MAPP_WAIT_WITH_MUSIC to False`,
  );
  await insteadTone(call, plan, plan.toneCountry, tell);
  return 'tone';
}

/** Where it cannot be told, yes. */
async function isAnythingSent(call: Call): Promise<boolean> {
  const { clock, load } = call.ports;
  const sinceMs = clock.nowMs() + TIMES_THE_ANSWER * load.averageAnswerMs();
  const { channelId } = call.caller;
  const before = await sent(call);
  let latest: number | undefined;
  for (const afterMs of LOOKS_AFTER_MS) {
    if (!stillWaits(call)) return true;
    await clock.sleep(Math.max(0, sinceMs + afterMs - clock.nowMs()), call.signal);
    latest = await sent(call);
    // The caller has been replaced, and what the newcomer has been sent says nothing beside the other's.
    if (call.caller.channelId !== channelId) return isAnythingSent(call);
    if (latest !== undefined && latest > (before ?? 0)) return true;
  }
  return latest === undefined;
}

/** Undefined where it cannot be told, now or ever. */
async function sent(call: Call): Promise<number | undefined> {
  try {
    const { variables } = await call.caller.read({ variables: [SENT], globals: [], contactsOf: [], isPassing: true });
    const text = variables.get(SENT) ?? '';
    return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  } catch (fault) {
    if (fault instanceof PbxError) return undefined;
    throw fault;
  }
}

function note(call: Call, facts: { readonly what: string; readonly name: string; readonly heard: string }): void {
  call.note('not-heard', facts);
}
