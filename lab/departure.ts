/**
 * The end of a scenario: whether anything of it remains, in Asterisk, in the router or at a phone, and the clearing of the table for the next one.
 * It clears whatever it found, and tells the first thing that should not have been there. It never waits for time alone.
 */
import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import type { LabAsterisk } from './asterisk/asterisk.ts';
import { awaitThat } from './asterisk/deadline.ts';
import type { Callee } from './callee.ts';
import type { Caller } from './caller.ts';
import { Mobile } from './mobile.ts';
import type { LabRouter } from './router.ts';

export interface Table {
  readonly asterisk: LabAsterisk;
  readonly router: LabRouter;
  readonly api: ApiClient;
  readonly callees: readonly Callee[];
  readonly callers: readonly Caller[];
}

/** Throws when a call still lives: at a phone, in Asterisk, or in the router's opinion. */
export async function awaitQuiet(table: Table, withinMs: number): Promise<void> {
  const phones = phonesOf(table);
  const calling = (): string[] =>
    phones.flatMap((phone) => phone.calls.filter((call) => !call.hasEnded).map(() => phone.name));
  await awaitThat(
    async () => (calling().length === 0 ? true : undefined),
    withinMs,
    async () =>
      `These phones still have a call: ${calling().join(', ')}\n${phones.map((one) => one.trace.tail(5)).join('\n')}`,
  );
  await table.asterisk.awaitNothingLeft(withinMs);
  if (!table.router.isRunning) return;
  // Calls of an earlier life, which a kill cut off, are not this life's to end.
  const live = async (): Promise<string[]> =>
    (await table.api.calls())
      .filter((call) => !call.ended && Date.parse(call.startedAt) >= table.router.startedAtMs)
      .map((call) => call.callId);
  await awaitThat(
    async () => ((await live()).length === 0 ? true : undefined),
    withinMs,
    async () => `The router still has these calls: ${(await live()).join(', ')}\n${table.router.log.tail()}`,
  );
}

/** Takes everybody out of the world: phones, registrations, users of the registry. Throws all that went wrong, together. */
export async function clearTable(table: Table): Promise<void> {
  const { asterisk, router, api, callees } = table;
  const faults: unknown[] = [];
  const attempt = async (act: () => Promise<unknown>): Promise<void> => {
    await act().catch((fault: unknown) => faults.push(fault));
  };
  for (const handset of callees.flatMap((callee) => callee.handsets)) {
    if (handset instanceof Mobile) await attempt(() => handset.leave());
    handset.phone.wakeUp();
    if (handset.phone.registered !== undefined) await attempt(() => handset.phone.unregister());
  }
  const phones = phonesOf(table);
  await Promise.all(phones.map((phone) => attempt(() => phone.close())));
  const open = phones.flatMap((phone) => phone.leftovers().map((what) => `${phone.name}: ${what}`));
  if (open.length > 0) faults.push(new Error(`These phones still hold something: ${open.join(', ')}`));
  await attempt(() => hangUpAll(asterisk));
  // A phone that died, or came back from another port, has left a registration behind.
  if (callees.length > 0) await attempt(() => asterisk.cli('database deltree registrar'));
  if (router.isRunning) {
    for (const { userId } of callees) await attempt(() => api.remove(`/v1/users/${userId}`));
  }
  if (faults.length === 1) throw faults[0];
  if (faults.length > 1) throw new AggregateError(faults, faults.map(String).join('\n'));
}

function phonesOf({ callees, callers }: Table) {
  return [
    ...callers.map((caller) => caller.phone),
    ...callees.flatMap((callee) => callee.handsets.map((handset) => handset.phone)),
  ];
}

const channelsSchema = z.array(z.object({ id: z.string() }));

/** What a failed scenario has left shall not trouble the next one. */
async function hangUpAll(asterisk: LabAsterisk): Promise<void> {
  const { body } = await asterisk.ari('GET', '/channels');
  const { data: channels } = channelsSchema.safeParse(body);
  // One with bytes that are no UTF-8 keeps Asterisk from listing any.
  if (channels === undefined) await asterisk.cli('channel request hangup all');
  for (const { id } of channels ?? []) await asterisk.ari('DELETE', `/channels/${encodeURIComponent(id)}`);
}
