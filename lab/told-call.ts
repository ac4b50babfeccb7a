/**
 * What the router tells of a call that a scenario knows only by its SIP Call-ID: the dialplan has written that id beside the channel's, and the router's
 * timeline begins with the channel. Reads only.
 */
import { z } from 'zod';
import type { ApiClient, Story } from './api-client.ts';
import type { LabAsterisk } from './asterisk/asterisk.ts';
import { channelVariable } from './asterisk/channel-variable.ts';
import { awaitThat } from './asterisk/deadline.ts';
import type { LabCall } from './caller.ts';
import type { LabRouter } from './router.ts';

interface Tellers {
  readonly asterisk: LabAsterisk;
  readonly api: ApiClient;
  readonly router: LabRouter;
}

const channelsSchema = z.array(z.object({ id: z.string() }));
const CALLS_LOOKED_AT = 50;

export async function callIdOf(call: LabCall, tellers: Tellers, withinMs: number): Promise<string> {
  const { api, asterisk, router } = tellers;
  return await awaitThat(
    async () => {
      const channelId = await channelOf(call, asterisk);
      if (channelId === undefined) return undefined;
      for (const { callId } of await api.calls(CALLS_LOOKED_AT)) {
        const arrived = (await api.story(callId))?.timeline.find(({ what }) => what === 'arrived');
        if (arrived?.facts.channel === channelId) return callId;
      }
      return undefined;
    },
    withinMs,
    async () => `The router knows no call from channel ${await channelOf(call, asterisk)}\n${router.log.tail()}`,
  );
}

/** Of a call that is over for the caller, the whole story, as soon as the router has closed it. */
export async function storyOf(call: LabCall | string, tellers: Tellers, withinMs: number): Promise<Story> {
  const callId = typeof call === 'string' ? call : await callIdOf(call, tellers, withinMs);
  const isOver = typeof call !== 'string' && call.hasEnded;
  return await awaitThat(
    async () => {
      const story = await tellers.api.story(callId);
      return isOver && story?.ended === false ? undefined : story;
    },
    withinMs,
    async () => `The router tells no ${isOver ? 'whole ' : ''}story of call ${callId}\n${tellers.router.log.tail()}`,
  );
}

/** The channel in Asterisk of the caller's leg, whether it lives or has ended. */
async function channelOf(call: LabCall, asterisk: LabAsterisk): Promise<string | undefined> {
  const ended = (await asterisk.endings()).find(({ callId }) => callId === call.sipCallId);
  if (ended !== undefined) return ended.uniqueId;
  const { body } = await asterisk.ari('GET', '/channels');
  for (const { id } of channelsSchema.parse(body)) {
    if ((await channelVariable(asterisk, id, 'LAB_CALL_ID')) === call.sipCallId) return id;
  }
  return undefined;
}
