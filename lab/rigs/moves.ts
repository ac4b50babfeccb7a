/**
 * What else happens to a call in an office: hold, parking, a conference, an order that moves it, keys that record it or end it, and pickup before the answer. Each waits for
 * what ought to be heard, and fails when it is not.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { TONES } from '../asterisk/asterisk.ts';
import { awaitThat } from '../asterisk/deadline.ts';
import { CODES, PARKING } from '../asterisk/site-conf.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import { nowMs } from '../phone/clock.ts';
import { answersAfter } from '../phone/invite-policies.ts';
import type { OfferForm } from '../phone/sdp.ts';
import { CONFERENCE, DIRECTED_PICKUP, deskUser, dialled, GROUP_PICKUP, TRANSFERS, type Way } from './office.ts';
import { channelOf, hangUpAll, hearEachOther, type Party, partyOf, type Side, sides, type Talk } from './talk.ts';

/** Every form of hold that Asterisk takes for one. */
export const HOLDS: readonly OfferForm[] = [
  { direction: 'sendonly' },
  { direction: 'inactive' },
  { connection: '0.0.0.0' },
  { direction: 'sendonly', codecsTurned: true },
];

/** One puts the other on hold, who hears the music of the house, and takes it back. */
export async function holdAndBack(talk: Talk, by: Side, form: OfferForm): Promise<void> {
  const { actor, other } = sides(talk, by);
  await actor.call.hold(form);
  await other.call.waitUntilHears(TONES.mohDefault, SOON_MS, nowMs());
  await actor.call.unhold();
  await hearEachOther(actor, other);
}

/** One parks the other by REFER, who hears music, until a colleague takes the call from its place. Gives the place. */
export async function parkAndRetrieve(talk: Talk, by: Side): Promise<string> {
  const { actor, other } = sides(talk, by);
  const { lab } = talk;
  await using ami = await lab.asterisk.ami();
  await actor.call.transferTo(PARKING.park);
  const parked = await ami.waitForEvent({ Event: 'ParkedCall' });
  await other.call.waitUntilHears(TONES.mohDefault, SOON_MS, nowMs());
  const place = parked.get('ParkingSpace') ?? '';
  const colleague = await deskUser(lab, talk.way);
  const { phone } = colleague.webApp;
  const call = await phone.call(place);
  await hearEachOther({ name: 'colleague', phone, call }, other);
  await hangUpAll([phone, other.phone, actor.phone]);
  return place;
}

/** The manager sends one side to a third; the other is hung up. */
export async function redirectOne(talk: Talk, moved: Side): Promise<void> {
  const { actor, other } = sides(talk, moved);
  const third = await deskUser(talk.lab, talk.way);
  third.webApp.phone.onInvite(answersAfter(0));
  await redirect(talk, dialled(third), actor);
  await third.webApp.invited();
  await hearEachOther(actor, partyOf('third', third.webApp));
  await other.call.waitFor('ended', SOON_MS);
  await hangUpAll([actor.phone]);
}

/** The manager sends both into one conference, where they hear each other still. */
export async function redirectBoth(talk: Talk): Promise<void> {
  const { lab, caller, callee } = talk;
  await redirect(talk, CONFERENCE, caller, callee);
  await awaitThat(
    async () => (/^office +2 /m.test(await lab.asterisk.cli('confbridge list')) ? true : undefined),
    SOON_MS,
    () => lab.asterisk.cli('confbridge list'),
  );
  await hearEachOther(caller, callee);
  await hangUpAll([caller.phone, callee.phone]);
}

async function redirect({ lab }: Talk, number: string, party: Party, extra?: Party): Promise<void> {
  const whither = { Context: TRANSFERS, Exten: number, Priority: '1' };
  const { name: Channel } = await channelOf(lab, party.call);
  const more =
    extra === undefined
      ? {}
      : {
          ExtraChannel: (await channelOf(lab, extra.call)).name,
          ExtraContext: TRANSFERS,
          ExtraExten: number,
          ExtraPriority: '1',
        };
  await using ami = await lab.asterisk.ami();
  await ami.ask('Redirect', { Channel, ...whither, ...more });
}

/** One presses the key that records the call; the file grows. */
export async function record(talk: Talk, by: Side): Promise<void> {
  const { actor } = sides(talk, by);
  const folder = join(talk.lab.asterisk.runFolder, 'spool', 'monitor');
  const files = () => readdir(folder).catch(() => []);
  const before = new Set(await files());
  await actor.call.sendDtmf(CODES.record);
  const sizes = async () => {
    const names = (await files()).filter((name) => !before.has(name));
    return await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size));
  };
  await awaitThat(
    async () => ((await sizes()).some((bytes) => bytes > 2000) ? true : undefined),
    SOON_MS,
    async () => `Nothing is recorded: ${JSON.stringify(await sizes())}`,
  );
}

/** One presses the key that ends the call. */
export async function endByKeys(talk: Talk, by: Side): Promise<void> {
  const { actor, other } = sides(talk, by);
  await actor.call.sendDtmf(CODES.hangUp);
  await Promise.all([actor.call.waitFor('ended', SOON_MS), other.call.waitFor('ended', SOON_MS)]);
}

/** Somebody outside calls a user; a colleague takes the call while it rings there. Gives whether the user's phone was told that it was answered elsewhere. */
export async function pickUp(lab: Lab, way: Way, how: 'feature' | 'application' | 'mark'): Promise<boolean> {
  const user = await deskUser(lab, way);
  const colleague = await deskUser(lab, way);
  const call = await lab.caller().call(way.numberOf(user));
  const leg = await user.webApp.invited();
  await call.waitFor('ringing');
  const number = { feature: CODES.pickup, application: GROUP_PICKUP, mark: `${DIRECTED_PICKUP}${user.number}` }[how];
  const { phone } = colleague.webApp;
  const taking = await phone.call(number);
  await call.waitFor('answered');
  await hearEachOther(
    { name: 'colleague', phone, call: taking },
    { name: 'caller', phone: call.caller.phone, call: call.sip },
  );
  await leg.waitFor('ended', SOON_MS);
  await hangUpAll([phone, call.caller.phone]);
  return leg.answeredElsewhere;
}
