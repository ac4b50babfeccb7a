/**
 * Notes about calls that wait, kept in Asterisk beyond the caller's channel: a caller may leave while no router is there, and then the next router
 * must tell the pushed mobiles. A bridge is the only thing in Asterisk that has a name, is listed and belongs to no channel; no channel ever stands
 * in one of ours. It must never be counted on for a call to go on.
 */
import type { AnsweredOn } from '../../call/outcomes.ts';
import type { Notes } from '../../call/ports.ts';
import { bridgePath, noteIdOf } from '../app/ids.ts';
import { type AriRequests, isGone } from '../ari/client.ts';

export interface Note {
  /** The caller's channel. */
  readonly channelId: string;
  readonly checkpoint: string;
}

/** What was kept under this name; undefined where it is none of ours. */
export function readNote(name: string): Note | undefined {
  const [, escaped = '', checkpoint = ''] = /^(\S+) (.+)$/.exec(name) ?? [];
  const channelId = decoded(escaped);
  return channelId === undefined || channelId === '' ? undefined : { channelId, checkpoint };
}

export class AriNotes implements Notes {
  private readonly requests: AriRequests;
  private readonly kept = new Set<string>();
  /** By call: what has been written, and not been taken away yet. */
  private readonly standing = new Map<string, Set<string>>();

  constructor(requests: AriRequests) {
    this.requests = requests;
  }

  /** Notes that are kept, or about to be, as of now: their ids. */
  keptIds(): ReadonlySet<string> {
    return new Set(this.kept);
  }

  async keep(callId: string, channelId: string, checkpoint: string): Promise<void> {
    const noteId = noteIdOf(callId);
    if (!this.kept.has(noteId)) await this.write(callId, noteId, channelId, checkpoint);
  }

  async answered(callId: string, channelId: string, checkpoint: string, on: AnsweredOn): Promise<void> {
    await this.write(callId, noteIdOf(callId, on), channelId, checkpoint);
    const first = noteIdOf(callId);
    // What could not be taken away is so when all is over.
    await this.delete(callId, first).catch(() => this.kept.add(first));
  }

  private async write(callId: string, noteId: string, channelId: string, checkpoint: string): Promise<void> {
    // Known before it exists, so that no clearing up after a reconnect takes it for one that was left behind.
    this.kept.add(noteId);
    this.standingOf(callId).add(noteId);
    const query = { type: 'mixing', name: `${encodeURIComponent(channelId)} ${checkpoint}` };
    await this.requests.send({ method: 'POST', path: bridgePath(noteId), query, once: true });
  }

  /** A note of an earlier run whose call goes on: it stays as it is. */
  found(noteId: string): void {
    this.kept.add(noteId);
  }

  async remove(callId: string): Promise<void> {
    for (const noteId of [...this.standingOf(callId)]) await this.delete(callId, noteId);
    this.standing.delete(callId);
  }

  private async delete(callId: string, noteId: string): Promise<void> {
    this.kept.delete(noteId);
    try {
      await this.requests.send({ method: 'DELETE', path: bridgePath(noteId) });
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    this.standing.get(callId)?.delete(noteId);
  }

  /** Where we have written nothing, the first may be of an earlier run. */
  private standingOf(callId: string): Set<string> {
    const known = this.standing.get(callId);
    if (known !== undefined) return known;
    const standing = new Set([noteIdOf(callId)]);
    this.standing.set(callId, standing);
    return standing;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
