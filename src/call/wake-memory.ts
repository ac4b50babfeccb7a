/**
 * What a wake for a dialplan must remember beyond the life of this process, on the caller's channel: what every call remembers, and which registrations were there before the push. A mobile
 * that registers while no router is there can be told by them from one that has slept on. Pure.
 */

import { type CallMemory, readCallMemory, writeCallMemory } from './memory.ts';
import type { Contact } from './ports.ts';

/** Channel variable that holds it, until the pushed mobiles have been told of the end. */
export const WAKE_MEMORY = 'XIVO_MAPP_WOKEN';

export interface WakeMemory extends CallMemory {
  /** Marks of the registrations that were there before the push. */
  readonly before: readonly string[];
}

export function writeWakeMemory({ before, ...memory }: WakeMemory): string {
  return `${writeCallMemory(memory)} =${before.join('+')}`;
}

/** Undefined where the text is not exactly as written here. */
export function readWakeMemory(text: string): WakeMemory | undefined {
  const [, call = '', marks = ''] = /^(.{1,5000}) =([\da-z+]{0,2000})$/.exec(text) ?? [];
  const memory = readCallMemory(call);
  return memory === undefined ? undefined : { ...memory, before: marks === '' ? [] : marks.split('+') };
}

/** Short, the same in every run, and different for every registration and renewal that can be told apart. */
export function markOf({ endpoint, uri, expiresAtSec }: Contact): string {
  let mark = 0x811c9dc5;
  for (const letter of `${endpoint} ${uri} ${expiresAtSec}`) {
    mark = Math.imul(mark ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return mark.toString(36);
}
