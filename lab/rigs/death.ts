/**
 * The router's death and return, and the waits that scenarios about it need: until a call has truly come to the stage in which the router shall die. What the next
 * run is to go on from is looked at in Asterisk itself. It must never wait for time alone.
 */
import { z } from 'zod';
import { readNoteId } from '../../src/asterisk/app/ids.ts';
import { readCallCheckpoint } from '../../src/call/resume/checkpoint.ts';
import type { ToldEntry } from '../api-client.ts';
import { TONES } from '../asterisk/asterisk.ts';
import { channelVariable } from '../asterisk/channel-variable.ts';
import { awaitThat } from '../asterisk/deadline.ts';
import type { LabCall } from '../caller.ts';
import { type Handset, SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';
import type { Mobile } from '../mobile.ts';
import { nowMs } from '../phone/clock.ts';
import { inTurns } from './many.ts';

const channelsSchema = z.array(z.object({ id: z.string() }));

/** kill -9, what happens while no router is there, and a new life. */
export async function dies(lab: Lab, meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
  await lab.router.kill();
  await meanwhile();
  await lab.router.start();
}

/** Until Asterisk keeps, for the next run, that the one call has been answered. */
export async function answerIsKept(lab: Lab): Promise<void> {
  const bridges = async () => channelsSchema.parse((await lab.asterisk.ari('GET', '/bridges')).body);
  await awaitThat(
    async () => (await bridges()).find(({ id }) => (readNoteId(id)?.answeredOn ?? '') !== ''),
    SOON_MS,
    async () => `no note of an answer among ${JSON.stringify(await bridges())}\n${lab.router.log.tail()}`,
  );
}

/** How often the router has decided to wake this mobile. */
export function wakesOf(mobile: Mobile): number {
  return decided(mobile, 'incoming-call').length;
}

/** How often it was told that the call has ended, and why. */
export function toldEndsOf(mobile: Mobile): readonly (string | undefined)[] {
  return decided(mobile, 'call-ended').map(({ reason }) => reason);
}

/** A push whose answer came late is sent again, as it is: the second is the same for the app, and here. */
function decided({ pushes }: Mobile, type: string) {
  const payloads = pushes.map(({ payload }) => payload).filter((payload) => payload.type === type);
  return [...new Map(payloads.map((payload) => [`${payload.callId} ${payload.sentAt}`, payload])).values()];
}

/** Takes from the callers in Asterisk the three seconds within which a router has to see to them; the guard has tests of its own. */
export async function letStay(lab: Lab): Promise<void> {
  for (const { id } of channelsSchema.parse((await lab.asterisk.ari('GET', '/channels')).body)) {
    await channelVariable(lab.asterisk, id, 'SET(TIMEOUT(absolute)=400)');
  }
}

/** The entries of that name in the call's timeline, as soon as there are so many. */
export async function noted(lab: Lab, callId: string, what: string, atLeast = 1): Promise<readonly ToldEntry[]> {
  return await awaitThat(
    async () => {
      const entries = (await lab.api.story(callId))?.timeline.filter((entry) => entry.what === what) ?? [];
      return entries.length >= atLeast ? entries : undefined;
    },
    SOON_MS,
    async () => `no ${atLeast} x ${what} in ${JSON.stringify(await lab.api.story(callId))}\n${lab.router.log.tail()}`,
  );
}

/** The caller's channel in Asterisk. */
export async function channelOf(lab: Lab, callId: string): Promise<string> {
  const [arrived] = await noted(lab, callId, 'arrived');
  return String(arrived?.facts.channel);
}

/** What stands on the channel for the next run of the router, as it stands. */
export async function readCheckpoint(lab: Lab, channelId: string): Promise<string> {
  return (await channelVariable(lab.asterisk, channelId, 'XIVO_MAPP_MEMORY')) ?? '';
}

/** What stands on the channel for the next run of the router, as soon as the push of so many devices is remembered. */
export async function checkpointOn(lab: Lab, channelId: string, pushed = 1) {
  return await awaitThat(
    async () => {
      const checkpoint = readCallCheckpoint(await readCheckpoint(lab, channelId));
      return checkpoint !== undefined && checkpoint.pushed.length >= pushed ? checkpoint : undefined;
    },
    SOON_MS,
    async () =>
      `the channel's checkpoint is ${JSON.stringify(await readCheckpoint(lab, channelId))}\n${lab.router.log.tail()}`,
  );
}

/** Waits until each of these users has a caller on whose channel a push is remembered. */
export async function allRemembered(lab: Lab, users: readonly { readonly userId: string }[]): Promise<void> {
  const missing = async (): Promise<readonly string[]> => {
    const channels = channelsSchema.parse((await lab.asterisk.ari('GET', '/channels')).body);
    const checkpoints = await inTurns(channels, ({ id }) => readCheckpoint(lab, id));
    const pushed = checkpoints.flatMap((text) => {
      const checkpoint = readCallCheckpoint(text);
      return checkpoint === undefined || checkpoint.pushed.length === 0 ? [] : [checkpoint.userId];
    });
    return users.map(({ userId }) => userId).filter((userId) => !pushed.includes(userId));
  };
  await awaitThat(
    async () => ((await missing()).length === 0 ? true : undefined),
    SOON_MS,
    async () => `no push is remembered for ${(await missing()).join(', ')}\n${lab.router.log.tail()}`,
  );
}

/** Waits until the call waits, so many pushes are remembered, and the caller hears music, a tone of the lab's. Gives the call's id and its channel's. */
export async function waits(lab: Lab, call: LabCall, pushed = 1) {
  const callId = await lab.callId(call);
  const channelId = await channelOf(lab, callId);
  const checkpoint = await checkpointOn(lab, channelId, pushed);
  await call.hears(TONES.mohDefault);
  return { callId, channelId, checkpoint };
}

/** Waits until the router knows that so many phones ring. Gives the call's id. */
export async function rings(lab: Lab, call: LabCall, phones = 1): Promise<string> {
  const callId = await lab.callId(call);
  await noted(lab, callId, 'leg-ringing', phones);
  return callId;
}

/** Waits until the router has connected them and both hear each other. Gives the call's id. */
export async function talk(lab: Lab, call: LabCall, handset: Handset): Promise<string> {
  const callId = await lab.callId(call);
  await noted(lab, callId, 'stage:talking');
  await call.talksWith(handset);
  return callId;
}

/** Waits until the caller hears that now, and not only some time ago. */
export async function hearsNow(call: LabCall, sound: number | 'sound' | 'ringback'): Promise<void> {
  await call.sip.waitUntilHears(sound, SOON_MS, nowMs());
}
