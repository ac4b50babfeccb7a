/**
 * Notes about calls that wait, kept in Asterisk beyond the caller's channel: a caller may leave while no router is there, and then the next router must tell the pushed mobiles.
 * A bridge is the only thing in Asterisk that has a name, is listed and belongs to no channel; no channel ever stands in one of ours. It must never be counted on for a call to go on.
 */
import type { Notes } from '../call/ports.ts';
import { bridgePath, noteIdOf } from './channel-ids.ts';
import { type AriRequests, isGone } from './requests.ts';

export interface Note {
  /** The caller's channel. */
  readonly channelId: string;
  readonly memory: string;
}

/** What was kept under this name; undefined where it is none of ours. */
export function readNote(name: string): Note | undefined {
  const [, escaped = '', memory = ''] = /^(\S+) (.+)$/.exec(name) ?? [];
  const channelId = decoded(escaped);
  return channelId === undefined || channelId === '' ? undefined : { channelId, memory };
}

export class AriNotes implements Notes {
  readonly #requests: AriRequests;
  readonly #kept = new Set<string>();

  constructor(requests: AriRequests) {
    this.#requests = requests;
  }

  /** Notes that are kept, or about to be, as of now: their ids. */
  keptIds(): ReadonlySet<string> {
    return new Set(this.#kept);
  }

  async keep(callId: string, channelId: string, memory: string): Promise<void> {
    const noteId = noteIdOf(callId);
    if (this.#kept.has(noteId)) return;
    // Known before it exists, so that no clearing up after a reconnect takes it for one that was left behind.
    this.#kept.add(noteId);
    const query = { type: 'mixing', name: `${encodeURIComponent(channelId)} ${memory}` };
    await this.#requests.send({ method: 'POST', path: bridgePath(noteId), query, once: true });
  }

  /** A note of an earlier run whose call goes on: it stays as it is. */
  found(noteId: string): void {
    this.#kept.add(noteId);
  }

  async remove(callId: string): Promise<void> {
    const noteId = noteIdOf(callId);
    this.#kept.delete(noteId);
    try {
      await this.#requests.send({ method: 'DELETE', path: bridgePath(noteId) });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
