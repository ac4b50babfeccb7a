/**
 * What a wake for a dialplan must remember beyond the life of this process, on the caller's channel: what every call remembers, and which
 * registrations were there before the push. A mobile that registers while no router is there can be told by them from one that has slept on. No text
 * is longer than a command of an AGI may be. Pure.
 */

import type { Contact } from '../ports.ts';
import {
  type CallCheckpoint,
  LONGEST_CHECKPOINT,
  readCallCheckpoint,
  writeCallCheckpoint,
} from '../resume/checkpoint.ts';

/** Channel variable that holds it, until the pushed mobiles have been told of the end. */
export const WAKE_CHECKPOINT = 'XIVO_MAPP_WOKEN';

export interface WakeCheckpoint extends CallCheckpoint {
  /** Marks of the registrations that were there before the push; undefined where they were too many to be kept. */
  readonly before: readonly string[] | undefined;
}

/** The longest text, in characters. A command on Asterisk 16 has 2,047 bytes. */
export const LONGEST_WAKE_CHECKPOINT = LONGEST_CHECKPOINT + 900;
const MOST_BEFORE = 100;

export function writeWakeCheckpoint({ before, ...checkpoint }: WakeCheckpoint): string {
  const marks = before === undefined || before.length > MOST_BEFORE ? '*' : before.join('+');
  return `${writeCallCheckpoint(checkpoint)} =${marks}`;
}

/** Undefined where the text is not exactly as written here. */
export function readWakeCheckpoint(text: string): WakeCheckpoint | undefined {
  const [, call = '', marks = ''] = /^(.{1,5000}) =([\da-z+]{0,2000}|\*)$/.exec(text) ?? [];
  const checkpoint = readCallCheckpoint(call);
  if (checkpoint === undefined) return undefined;
  return { ...checkpoint, before: marks === '*' ? undefined : marks === '' ? [] : marks.split('+') };
}

/** Short, the same in every run, and different for every registration and renewal that can be told apart. */
export function registrationMark({ endpoint, uri, expiresAtSec }: Contact): string {
  let mark = 0x811c9dc5;
  for (const letter of `${endpoint} ${uri} ${expiresAtSec}`) {
    mark = Math.imul(mark ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return mark.toString(36);
}
