/** What stands on a channel in Asterisk: a variable, or what a function says of it. Reads only. */
import { z } from 'zod';
import type { LabAsterisk } from './settings.ts';

const answerSchema = z.object({ value: z.string() });

/** @returns undefined where there is no such channel, or Asterisk cannot tell */
export async function channelVariable(
  { ari }: Pick<LabAsterisk, 'ari'>,
  channelId: string,
  variable: string,
): Promise<string | undefined> {
  const { body } = await ari('GET', `/channels/${encodeURIComponent(channelId)}/variable`, { variable });
  return answerSchema.safeParse(body).data?.value;
}
