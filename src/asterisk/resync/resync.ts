/**
 * Makes what we believe agree with what Asterisk has, after every connect: events were missed meanwhile, Asterisk may have restarted, or we have.
 * Subscribes before it lists, so that nothing falls between; judges only channels that were ours before the list was asked for. Where there are very
 * many, it asks a few things at a time, for those first for whom it is latest.
 */

import { type AnsweredOn, readAnsweredOn } from '../../call/outcomes.ts';
import type { Clock, FoundLeg, LegHangUpReason, Log } from '../../call/ports.ts';
import { CALL_CHECKPOINT, readCallCheckpoint } from '../../call/resume/checkpoint.ts';
import type { LostCall } from '../../call/router.ts';
import { argsIn, subscribeToChannels, subscribeToMissing } from '../app/application.ts';
import type { ChannelOwner } from '../app/channel-owner.ts';
import type { Dispatcher } from '../app/dispatcher.ts';
import { readVariables } from '../app/expressions.ts';
import { bridgePath, isLeg, isLegOf, isOurs, noteIdOf, readNoteId } from '../app/ids.ts';
import { CONNECTED_TO, readConnectedTo, takeOffGuard } from '../app/own-dialplan.ts';
import type { AriRequests } from '../ari/client.ts';
import type { Channel } from '../ari/events.ts';
import { fewAtOnce } from '../ari/few-at-once.ts';
import type { FoundCaller } from '../channels/caller.ts';
import { HOLD_COUNT, heldIn } from '../channels/hold.ts';
import { MISSING } from '../channels/leg-look.ts';
import type { AriLegs } from '../channels/legs.ts';
import { takeCensus } from './census.ts';
import { findLegs } from './found-legs.ts';
import { latestFirst } from './latest-first.ts';
import { type AriNotes, readNote } from './notes.ts';
import { isNoCall } from './strangers.ts';

export interface ResyncDeps {
  readonly requests: AriRequests;
  readonly dispatcher: Dispatcher;
  readonly app: string;
  readonly log: Log;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly notes: Pick<AriNotes, 'keptIds' | 'found'>;
  /** A caller in our application whom nobody owns: it came while we were away, or an earlier run of us had it. */
  readonly onFound: (channel: Channel, args: readonly string[], left: LeftBehind) => void;
  /** Told of a call of an earlier run that waits no more. */
  readonly onLost?: (lost: LostCall) => void;
  readonly legs: Pick<AriLegs, 'find' | 'hangUp'>;
}

/** What an earlier run has left of a caller's call, in its own words. */
export interface LeftBehind extends FoundCaller {
  readonly checkpoint: string;
  readonly legs: readonly FoundLeg[];
}

function tell(owner: ChannelOwner, channelId: string, channel: Channel | undefined, deps: ResyncDeps): void {
  const args = channel && argsIn(channel, deps.app);
  if (channel === undefined) owner.onDestroyed(0, MISSING);
  else if (args !== undefined) {
    // It may have been away meanwhile, and then it is a newcomer; unless it has just been given back.
    if (deps.dispatcher.isOwned(channelId)) deps.dispatcher.isHere(channel, args);
  } else {
    owner.onState(channel.state);
    owner.onEnd();
  }
}

/** Rejects with PbxError when Asterisk cannot be asked; then the connection is of no use. */
export async function resync(deps: ResyncDeps): Promise<void> {
  const { requests, dispatcher, app, log, notes, clock } = deps;
  const owners = dispatcher.settledOwners();
  await subscribeToMissing(requests, app, [...owners.keys()]);
  // Whom we have given back, and what we have closed, since the list was asked for may stand in it still. It is not another run's.
  const ownedBefore = dispatcher.ownedIds();
  const keptBefore = notes.keptIds();
  const { channels, unreadable, bridges } = await takeCensus(
    { channelIds: owners.keys(), bridgeIds: keptBefore },
    { requests, app, log },
  );
  for (const [channelId, owner] of owners) {
    if (!unreadable.has(channelId)) tell(owner, channelId, channels.get(channelId), deps);
  }
  dispatcher.haveLeft((channelId) => channels.has(channelId) || unreadable.has(channelId));
  const keptNow = notes.keptIds();
  const left = bridges.filter(({ id }) => isOurs(id) && !keptBefore.has(id) && !keptNow.has(id));
  const unowned = [...channels.values()].filter((channel) => !dispatcher.isOwned(channel.id));
  const here = (channel: Channel) => argsIn(channel, app);
  const strays = unowned.filter((channel) => isLeg(channel.id, here(channel)));
  const legsOf = await findLegs(
    strays.map((channel) => channel.id),
    deps,
  );
  const found = unowned.flatMap((channel) => {
    const args = here(channel);
    return args === undefined ||
      isLeg(channel.id, args) ||
      isNoCall(channel) ||
      ownedBefore.has(channel.id) ||
      dispatcher.isOwned(channel.id)
      ? []
      : [{ channel, args }];
  });
  const heard = await subscribeToChannels(
    requests,
    app,
    found.map(({ channel }) => channel.id),
  );
  const goingOn = new Set<string>();
  const bringBack = async ({ channel, args }: { channel: Channel; args: readonly string[] }) => {
    const values = await readVariables(requests, channel.id, ['XIVO_MAPP_STATUS', HOLD_COUNT, CALL_CHECKPOINT]);
    if (values === undefined || dispatcher.isOwned(channel.id)) return;
    const [status, held = '', checkpoint = ''] = values;
    const leavingFrom = dispatcher.leavingFrom(channel.id);
    if (leavingFrom !== undefined) {
      // Given back by ourselves: either it has not gone yet, or it has come again, and then the dialplan has emptied what we said.
      if (leavingFrom !== args[0] || status === '') dispatcher.isHere(channel, args);
      return;
    }
    const ownLegs = legsOf.get(channel.id) ?? [];
    legsOf.delete(channel.id);
    const callId = readCallCheckpoint(checkpoint)?.callId;
    const noteId = callId === undefined ? '' : noteIdOf(callId);
    if (left.some(({ id }) => id === noteId)) {
      goingOn.add(noteId);
      notes.found(noteId);
    }
    deps.onFound(channel, args, { checkpoint, legs: ownLegs, held: heldIn(held), isHeard: heard.has(channel.id) });
  };
  await fewAtOnce(latestFirst(found, left, legsOf, clock.wallMs()), bringBack);
  // Whose caller is gone, or talks to somebody else. Those who have answered are the dialplan's.
  const endOwnerless = async ([callerId, legs]: readonly [string, readonly FoundLeg[]]) => {
    const reason: LegHangUpReason =
      (await answeredOn(requests, callerId)) === undefined ? 'not-needed' : 'answered-elsewhere';
    const hangUp = (legId: string) =>
      deps.legs
        .hangUp(legId, reason)
        .catch((error: unknown) => log.debug('could not hang up', { legId, error: String(error) }));
    await Promise.all(legs.map(({ legId }) => hangUp(legId)));
  };
  await fewAtOnce(legsOf, endOwnerless);
  // Of a call that was being answered when the router died there may be two: the second knows more.
  const notesLeft = left.filter(({ id }) => !goingOn.has(id)).map((note) => ({ ...note, ...readNoteId(note.id) }));
  const ofAnswered = new Set(notesLeft.flatMap(({ callId, answeredOn }) => (answeredOn ? [callId] : [])));
  const endOne = async (note: (typeof notesLeft)[number]) => {
    const lost = await endNote(note, channels, deps);
    if (lost !== undefined && (note.answeredOn || !ofAnswered.has(note.callId))) deps.onLost?.(lost);
  };
  await fewAtOnce(notesLeft, endOne);
}

/** On what this caller was answered, who need not be there any more; undefined where it was not, or nobody knows. */
async function answeredOn(requests: AriRequests, callerId: string): Promise<AnsweredOn | undefined> {
  const names = ['XIVO_MAPP_STATUS', 'XIVO_MAPP_REASON'];
  const [status, reason = ''] = (await readVariables(requests, callerId, names)) ?? [];
  return status === 'ANSWERED' ? readAnsweredOn(reason) : undefined;
}

/** As one of the call's legs says, whose caller may be another by now than the one who was noted. */
async function connectedOn(requests: AriRequests, legIds: readonly string[]): Promise<AnsweredOn | undefined> {
  const said = await Promise.all(legIds.map((legId) => readVariables(requests, legId, [CONNECTED_TO])));
  const ons = said.map((values) => readAnsweredOn(readConnectedTo(values?.[0] ?? '')?.on ?? ''));
  return ons.find((on) => on !== undefined);
}

/** What is said of a note by its bridge. */
interface LeftNote {
  readonly id: string;
  readonly name: string;
  readonly callId?: string;
  readonly answeredOn?: string;
}

/** Takes away the note of a call that waits no more. Gives what it says of it; undefined where it could not be taken away, or is none of ours. */
async function endNote(
  { id, name, callId = '', answeredOn: said = '' }: LeftNote,
  channels: ReadonlyMap<string, Channel>,
  { requests, log }: Pick<ResyncDeps, 'requests' | 'log'>,
): Promise<LostCall | undefined> {
  const note = readNote(name);
  const legIds = () => [...channels.keys()].filter((channelId) => isLegOf(callId, channelId));
  const on =
    note &&
    (readAnsweredOn(said) ?? (await answeredOn(requests, note.channelId)) ?? (await connectedOn(requests, legIds())));
  // A caller who lives was moved elsewhere meanwhile.
  if (note !== undefined && on === undefined && channels.has(note.channelId))
    await takeOffGuard(requests, note.channelId, log);
  try {
    await requests.send({ method: 'DELETE', path: bridgePath(id) });
  } catch (error) {
    log.debug('could not clear up', { note: id, error: String(error) });
    return undefined;
  }
  return note && { checkpoint: note.checkpoint, answeredOn: on };
}
