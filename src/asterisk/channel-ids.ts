/**
 * The ids that we choose, so that whatever Asterisk shows can be told to be ours and to which call it belongs: `xm-<16 hex digits>` for a call, `<call id>-leg-<n>` or
 * `<call id>-leg-<series>-<n>` for its legs, `<call id>-note` for what is noted about it (notes.ts). They are recognised exactly: Asterisk's own ids begin with the host's `systemname`, which may be anything,
 * also `xm-a`, and a caller must never be taken for a leg of ours.
 */

const CALL = 'xm-[0-9a-f]{16}';
const LEG_OR_NOTE = new RegExp(`^${CALL}-(?:note|leg(?:-[0-9a-z]{1,13})?-\\d{1,6})$`);

/** Tells whether a channel or a note was made by this router or an earlier run of it. */
export function isOurs(id: string): boolean {
  return LEG_OR_NOTE.test(id);
}

export function noteIdOf(callId: string): string {
  return `${callId}-note`;
}

/** Path of a channel, or of what is below it. */
export function channelPath(channelId: string, below = ''): string {
  return `/channels/${encodeURIComponent(channelId)}${below}`;
}

export function bridgePath(bridgeId: string, below = ''): string {
  return `/bridges/${encodeURIComponent(bridgeId)}${below}`;
}
