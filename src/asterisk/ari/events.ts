/**
 * Events at the door: which of Asterisk's events we know, and only the fields of them that we use. Everything else passes unread: the type is found
 * in the first bytes, so that a flood of events that are not ours costs next to nothing. Must never throw: it runs in the socket's handler.
 */
import { z } from 'zod';

/** An id that goes back to Asterisk within a path: what would lead to another path, or to none, is no id. */
const AriId = z.string().regex(/^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]{1,300}$/u, 'is no id');
/** Half a surrogate pair is no text: it could not be sent back. */
const Text = z.string().transform((text) => text.toWellFormed());

export const Channel = z.object({
  id: AriId,
  name: Text.default(''),
  state: Text,
  caller: z.object({ name: Text.default(''), number: Text.default('') }).default({ name: '', number: '' }),
  dialplan: z
    .object({ app_name: Text.default(''), app_data: Text.default(''), context: Text.optional() })
    .default({ app_name: '', app_data: '' }),
});
export type Channel = z.infer<typeof Channel>;

const playing = {
  timestamp: Text.default(''),
  playback: z.object({ id: Text, media_uri: Text.default(''), target_uri: Text.default('') }),
};

const schemas = {
  StasisStart: z.object({
    type: z.literal('StasisStart'),
    args: z.array(Text).default([]),
    channel: Channel,
    /** The channel whose place in the application it has taken: a transfer, while that one waited. */
    replace_channel: Channel.pick({ id: true }).optional(),
  }),
  StasisEnd: z.object({ type: z.literal('StasisEnd'), channel: Channel }),
  ChannelStateChange: z.object({ type: z.literal('ChannelStateChange'), channel: Channel }),
  ChannelDestroyed: z.object({
    type: z.literal('ChannelDestroyed'),
    cause: z.number().default(0),
    cause_txt: Text.default(''),
    tech_cause: z.number().optional(),
    channel: Channel,
  }),
  Dial: z.object({
    type: z.literal('Dial'),
    /**
     * PROGRESS: the phone has said 183. NOANSWER, BUSY, CONGESTION, CHANUNAVAIL: it comes to nothing, and not because Asterisk has given it up by
     * itself. RINGING, ANSWER and the like are told by ChannelStateChange as well.
     */
    dialstatus: Text.default(''),
    /** Where the phone sends the call on; '' where it does not. */
    forward: Text.default(''),
    /** The channel with which Asterisk has followed it. */
    forwarded: Channel.optional(),
    peer: Channel,
  }),
  ContactStatusChange: z.object({
    type: z.literal('ContactStatusChange'),
    endpoint: z.object({ technology: Text, resource: Text }),
    contact_info: z.object({ uri: Text, contact_status: Text }),
  }),
  PlaybackStarted: z.object({ type: z.literal('PlaybackStarted'), ...playing }),
  PlaybackContinuing: z.object({ type: z.literal('PlaybackContinuing'), ...playing }),
  PlaybackFinished: z.object({ type: z.literal('PlaybackFinished'), ...playing }),
  ChannelUserevent: z.object({
    type: z.literal('ChannelUserevent'),
    eventname: Text,
    /** What UserEvent() was given beside. */
    userevent: z.object({ to: Text.default('') }).default({ to: '' }),
    /** None where it is of the whole application. */
    channel: Channel.optional(),
  }),
  ApplicationReplaced: z.object({ type: z.literal('ApplicationReplaced') }),
};

/** The types of which anything is used. */
export const USED_TYPES: readonly string[] = Object.keys(schemas);

export type AriEvent = {
  [Type in keyof typeof schemas]: z.infer<(typeof schemas)[Type]>;
}[keyof typeof schemas];

export type PlaybackEvent = Extract<AriEvent, { type: `Playback${string}` }>;

export type DoorAnswer =
  | { readonly kind: 'event'; readonly event: AriEvent }
  /** A type that we do not use. */
  | { readonly kind: 'unknown'; readonly type: string }
  /** No JSON, no type, or a known type whose fields are not as they should be. */
  | { readonly kind: 'malformed'; readonly type: string; readonly detail: string };

/** With this the names of our own user events begin. */
const OUR_EVENTS = 'xivo-mapp-';
const TYPE_FIRST = /^\s*\{\s*"type"\s*:\s*"(\w+)"/;
const SNIFF_BYTES = 80;

function isKnown(type: string): type is keyof typeof schemas {
  return Object.hasOwn(schemas, type);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const Typed = z.object({ type: z.string() });

/** Reads one frame of the event connection. */
export function readEvent(frame: Buffer): DoorAnswer {
  const sniffed = TYPE_FIRST.exec(frame.toString('latin1', 0, SNIFF_BYTES))?.[1];
  if (sniffed !== undefined && !isKnown(sniffed)) return { kind: 'unknown', type: sniffed };
  // A site may have as many of its own as it likes.
  if (sniffed === 'ChannelUserevent' && !frame.includes(OUR_EVENTS)) return { kind: 'unknown', type: sniffed };
  const parsed = parseJson(frame.toString('utf8'));
  const typed = Typed.safeParse(parsed);
  if (!typed.success) return { kind: 'malformed', type: '', detail: 'no JSON object with a type' };
  const { type } = typed.data;
  if (!isKnown(type)) return { kind: 'unknown', type };
  const event = schemas[type].safeParse(parsed);
  if (event.success) return { kind: 'event', event: event.data };
  const issue = event.error.issues[0];
  return { kind: 'malformed', type, detail: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
}
