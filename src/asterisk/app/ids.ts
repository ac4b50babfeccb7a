/**
 * The ids that we choose, so that whatever Asterisk shows can be told to be ours and to which call it belongs: `xm-<16 hex digits>` for a call,
 * `<call id>-leg-<n>` or `<call id>-leg-<series>-<n>` for its legs, `<call id>-note` for what is noted about it, `<call id>-note-<mobile, webapp or
 * picked-up>` once it is answered (notes.ts). They are recognised exactly: Asterisk's own ids begin with the host's `systemname`, which may be
 * anything, also `xm-a`, and a caller must never be taken for a leg of ours.
 */

const CALL = 'xm-[0-9a-f]{16}';
const NOTE = new RegExp(`^(${CALL})-note(?:-(mobile|webapp|picked-up))?$`);
const LEG = new RegExp(`^${CALL}-leg(?:-[0-9a-z]{1,13})?-\\d{1,6}$`);

/** Tells whether a channel or a note was made by this router or an earlier run of it. */
export function isOurs(id: string): boolean {
  return LEG.test(id) || NOTE.test(id);
}

/**
 * Tells whether a channel is a leg of ours. Whoever is in our application for a user is a caller, also the callee of an earlier call, whose channel
 * keeps its id for life when it is transferred.
 * @param args those of Stasis(), of a channel that is in our application. Legs of routers before this one came there, and said `leg`.
 */
export function isLeg(id: string, [userId = '']: readonly string[] = []): boolean {
  return isOurs(id) && (userId === '' || userId === 'leg');
}

/** Tells whether a channel was ordered for this call. It keeps its id for life, also where it talks to somebody else by now. */
export function isLegOf(callId: string, id: string): boolean {
  return id.startsWith(`${callId}-leg-`) && LEG.test(id);
}

/** @param answeredOn on what the call was answered, once it is */
export function noteIdOf(callId: string, answeredOn?: string): string {
  return answeredOn === undefined ? `${callId}-note` : `${callId}-note-${answeredOn}`;
}

/** The call of a note, and on what it was answered, '' where it is not; undefined where it is no note of ours. */
export function readNoteId(id: string): { readonly callId: string; readonly answeredOn: string } | undefined {
  const [, callId, answeredOn = ''] = NOTE.exec(id) ?? [];
  return callId === undefined ? undefined : { callId, answeredOn };
}

/** Path of a channel, or of what is below it. */
export function channelPath(channelId: string, below = ''): string {
  return `/channels/${encodeURIComponent(channelId)}${below}`;
}

/** The path of what was below one channel, below another. */
export function movedPath(path: string, fromId: string, toId: string): string {
  return path.replace(channelPath(fromId), channelPath(toId));
}

export function bridgePath(bridgeId: string, below = ''): string {
  return `/bridges/${encodeURIComponent(bridgeId)}${below}`;
}

/** Whose channel it is, by the channel's name. */
export function endpointOf(channelName: string): string {
  return channelName.replace(/-[0-9a-f]+$/, '');
}
