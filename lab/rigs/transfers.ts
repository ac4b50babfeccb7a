/**
 * Every way to transfer a call of two to a third, by either of the two: each does it, waits for what comes of it, and tells it. What ought to come of it is the
 * test's to say.
 */
import { CODES } from '../asterisk/site-conf.ts';
import type { Callee } from '../callee.ts';
import { SOON_MS } from '../handset.ts';
import { nowMs } from '../phone/clock.ts';
import { answersAfter, refuses, rings } from '../phone/invite-policies.ts';
import type { OutgoingCall } from '../phone/outgoing-call.ts';
import type { TransferOptions, Transferred } from '../phone/transfer.ts';
import { deskUser, dialled, TRANSFERS } from './office.ts';
import { channelOf, hangUpAll, hearEachOther, type Party, partyOf, type Side, sides, type Talk } from './talk.ts';

/** The one to whom the call shall go. */
export type Target = 'answers' | 'busy' | 'nowhere';

/** `back`: the two talk with each other again. */
interface Outcome {
  /** What the phone that transferred was told; nothing where it has only pressed keys. */
  readonly told?: number;
  readonly transferred: 'with the target' | 'back' | 'ended';
  /** `left`: alone in a call that its own phone has to end. */
  readonly transferrer: 'ended' | 'back' | 'left';
}

export type TransferBy = (talk: Talk, by: Side, target: Target) => Promise<Outcome>;

/** A number that is in no dialplan. */
const NOWHERE = '9';

interface Third {
  readonly user: Callee;
  readonly number: string;
  /** Only once it has been called. */
  party(): Party;
}

async function third({ lab, way }: Talk, target: Target, ringsOn = false): Promise<Third> {
  const user = await deskUser(lab, way);
  const policies = { answers: answersAfter(0), busy: refuses(486), nowhere: rings() };
  user.webApp.phone.onInvite(ringsOn ? rings() : policies[target]);
  return {
    user,
    number: target === 'nowhere' ? NOWHERE : dialled(user),
    party: () => partyOf('target', user.webApp),
  };
}

/** A second call of a party's phone. */
function dial({ phone }: Party, number: string): Promise<OutgoingCall> {
  return phone.call(number);
}

/** So long after now a sound is none of before. */
const AFTERWARDS_MS = 200;

/** What becomes of a party: the name of whichever of these it hears first from now on, or `ended`. */
async function fateOf(
  { call }: Party,
  others: readonly Pick<Party, 'name' | 'phone'>[],
  sinceMs = nowMs() + AFTERWARDS_MS,
): Promise<string> {
  return await Promise.race([
    call.waitFor('ended', SOON_MS).then(() => 'ended'),
    ...others.map(({ phone, name }) => call.waitUntilHears(phone.toneHz, SOON_MS, sinceMs).then(() => name)),
  ]);
}

/** What has become of both, and that those who talk hear each other; then everybody hangs up. */
async function outcome(talk: Talk, by: Side, { user }: Third, told?: Transferred): Promise<Outcome> {
  const { actor, other } = sides(talk, by);
  const targetPhone = user.webApp.phone;
  const fate = await fateOf(other, [actor, { name: 'target', phone: targetPhone }]);
  const isBack = fate === actor.name;
  if (isBack) await hearEachOther(actor, other);
  if (fate === 'target') await hearEachOther(partyOf('target', user.webApp), other);
  // A phone that has sent REFER says BYE by itself or not; one whose keys were pressed is hung up.
  if (told === undefined && !isBack) await actor.call.waitFor('ended', SOON_MS);
  const stays = isBack ? 'back' : 'left';
  const transferrer = actor.call.hasEnded ? 'ended' : stays;
  await hangUpAll([actor.phone, other.phone, targetPhone]);
  const transferred = isBack ? 'back' : fate === 'target' ? 'with the target' : 'ended';
  return { ...(told === undefined ? {} : { told: told.status }), transferred, transferrer };
}

/** REFER to a number. */
export const blindRefer =
  (options: TransferOptions = {}): TransferBy =>
  async (talk, by, target) => {
    const to = await third(talk, target);
    const told = await sides(talk, by).actor.call.transferTo(to.number, options);
    return await outcome(talk, by, to, told);
  };

/** An answer, or a decline, that comes while Asterisk 16 still moves the other to the target kills it. */
async function isMoved(other: Party, { user }: Third): Promise<void> {
  // Each is told of the other, in whichever order.
  await Promise.all([
    other.phone.waitFor('connected-line', SOON_MS, ({ detail }) => detail.includes(`<${user.number}>`)),
    user.webApp.phone.waitFor('connected-line', SOON_MS, ({ detail }) => detail.endsWith('in UPDATE')),
  ]);
}

/**
 * REFER with Replaces, when the third has answered, or while it still rings: sent in the first call and naming the second, or the other way round. A third that is
 * `busy` declines once the other has been moved to it.
 */
export const attendedRefer =
  (when: 'answered' | 'ringing', sentIn: 'first' | 'second'): TransferBy =>
  async (talk, by, target) => {
    const to = await third(talk, target, when === 'ringing');
    const { actor, other } = sides(talk, by);
    const second = await dial(actor, to.number);
    const leg = await to.user.webApp.invited();
    await second.waitFor(when, SOON_MS);
    if (when === 'answered') await hearEachOther({ ...actor, call: second }, to.party());
    const [from, replaced] = sentIn === 'first' ? [actor.call, second] : [second, actor.call];
    const telling = from.transferTo(replaced);
    if (when === 'ringing') {
      await from.waitFor('notified', SOON_MS);
      await isMoved(other, to);
      if (target === 'answers') leg.answer();
      else leg.refuse(486);
    }
    const told = await telling;
    // The call that the REFER has named is ended by Asterisk, in its own time.
    await actor.call.waitFor('ended', SOON_MS);
    return await outcome(talk, by, to, told);
  };

/** Keys: the code, then the number, and for an attended one the end of the call, once the third has answered or while it rings. */
export const keys =
  (kind: 'blind' | 'attended' | 'semi-attended'): TransferBy =>
  async (talk, by, target) => {
    const to = await third(talk, target, kind === 'semi-attended');
    const { actor } = sides(talk, by);
    await actor.call.sendDtmf(kind === 'blind' ? CODES.blindTransfer : CODES.attendedTransfer);
    await actor.call.waitUntilHears('sound', SOON_MS);
    await actor.call.sendDtmf(to.number);
    return await afterOrder(talk, by, target, to, kind);
  };

/** An order by the manager interface. */
export const byManager =
  (action: 'BlindTransfer' | 'Atxfer'): TransferBy =>
  async (talk, by, target) => {
    const to = await third(talk, target);
    const { actor } = sides(talk, by);
    await using ami = await talk.lab.asterisk.ami();
    const { name } = await channelOf(talk.lab, actor.call);
    await ami.ask(action, { Channel: name, Exten: to.number, Context: TRANSFERS });
    return await afterOrder(talk, by, target, to, action === 'Atxfer' ? 'attended' : 'blind');
  };

async function afterOrder(talk: Talk, by: Side, target: Target, to: Third, kind: string): Promise<Outcome> {
  const { actor, other } = sides(talk, by);
  if (kind !== 'blind' && target === 'answers') {
    const { webApp } = to.user;
    if (kind === 'semi-attended') {
      const leg = await webApp.invited();
      await actor.call.hangUp();
      await isMoved(other, to);
      leg.answer();
    } else {
      await webApp.invited();
      await hearEachOther(actor, to.party());
      await actor.call.hangUp();
    }
  }
  return await outcome(talk, by, to);
}
