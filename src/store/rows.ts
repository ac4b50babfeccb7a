/**
 * What a row of each table must look like to be believed, and what it says then. The file may have been restored, edited or damaged since it was
 * written: nothing of it goes further without having passed here.
 */
import { z } from 'zod';
import { isEndpointList } from '../call/endpoint-names.ts';
import type { CallEntry, CallStory, Log, RegisteredDevice, User } from '../call/ports.ts';

/** NULL in the table means none. */
const orNone = <T>(schema: z.ZodType<T>) => schema.nullable().transform((value) => value ?? undefined);
const optionalText = orNone(z.string());
const endpoint = orNone(z.string().refine(isEndpointList));
/** Goes to the push services, into bodies, paths and headers. */
const token = z.string().regex(/^[\x21-\x7e]{1,4096}$/);
/** In ms since 1970, within what a date can be. */
const moment = z.int().min(0).max(8.64e15);

export const userRow = z
  .object({
    user_id: z.string(),
    ringing_device: z.enum(['WebApp', 'MobileApp', 'WebAppAndMobileApp']),
    mobile_endpoint: endpoint,
    web_app_endpoint: endpoint,
  })
  .transform(
    (row): User => ({
      userId: row.user_id,
      ringingDevice: row.ringing_device,
      mobileEndpoint: row.mobile_endpoint,
      webAppEndpoint: row.web_app_endpoint,
    }),
  );

export const deviceRow = z
  .object({
    user_id: z.string(),
    device_id: z.string().regex(/^[\w.-]{1,128}$/),
    platform: z.enum(['android', 'ios']),
    token,
    alert_token: orNone(token),
    app_id: orNone(z.string().regex(/^[\w.-]{1,155}$/)),
    os_version: optionalText,
    model: optionalText,
    language: optionalText,
    registered_at_ms: moment,
    dead_at_ms: moment.nullable(),
    dead_reason: optionalText,
  })
  .transform(
    (row): RegisteredDevice => ({
      userId: row.user_id,
      deviceId: row.device_id,
      platform: row.platform,
      token: row.token,
      alertToken: row.alert_token,
      appId: row.app_id,
      osVersion: row.os_version,
      model: row.model,
      language: row.language,
      registeredAtMs: row.registered_at_ms,
      dead: row.dead_at_ms === null ? undefined : { atMs: row.dead_at_ms, reason: row.dead_reason ?? '' },
    }),
  );

const json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'is no JSON' });
    return z.NEVER;
  }
});

const summary = z.object({
  outcome: z.string(),
  reason: z.string(),
  durationMs: z.number(),
  stagesMs: z.record(z.string(), z.number()),
});

const timeline = z.array(
  z.object({
    atMs: z.number(),
    what: z.string(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
);

const callColumns = z.object({
  call_id: z.string(),
  user_id: z.string(),
  caller_name: z.string(),
  caller_number: z.string(),
  started_at_ms: moment,
  summary: z.null().or(json.pipe(summary)),
});

const callEntry = (row: z.infer<typeof callColumns>): CallEntry => ({
  callId: row.call_id,
  userId: row.user_id,
  caller: { name: row.caller_name, number: row.caller_number },
  startedAtMs: row.started_at_ms,
  summary: row.summary ?? undefined,
});

/** A row of calls without its timeline. */
export const callRow = callColumns.transform(callEntry);

export const callStoryRow = callColumns
  .extend({ timeline: json.pipe(timeline), left_out: z.int().min(0) })
  .transform((row): CallStory => ({ ...callEntry(row), timeline: row.timeline, leftOut: row.left_out }));

/** Hands on what a row says, as a list of one; of a damaged row, an empty list, and `tell` hears which columns are wrong. */
export function believe<T>(schema: z.ZodType<T>, row: unknown, tell: (columns: string) => void): T[] {
  const checked = schema.safeParse(row);
  if (checked.success) return [checked.data];
  tell([...new Set(checked.error.issues.map(({ path }) => path.join('.')))].join(', '));
  return [];
}

/** Damaged rows that are told of by name. */
const mostTold = 100;

/** Who tells of damaged rows: of each once, however often it is read, and of no more than anybody would look at. */
export function damageTeller(
  log: Log,
): (table: string, ids: Readonly<Record<string, unknown>>) => (columns: string) => void {
  const told = new Set<string>();
  return (table, ids) => (columns) => {
    const row = JSON.stringify([table, ids, columns], (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    if (told.has(row) || told.size > mostTold) return;
    told.add(row);
    if (told.size <= mostTold)
      log.error(`a row of the table ${table} is damaged and is left out: wrong in ${columns}`, ids);
    else log.error('more rows are damaged and left out than are told of by name');
  };
}
