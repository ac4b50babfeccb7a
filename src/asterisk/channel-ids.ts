/**
 * The ids that we choose, so that whatever Asterisk shows can be told to be ours and to which call it belongs: `xm-<random>` for a call,
 * `<call id>-leg-<n>` for its legs, `<call id>-bridge` for its bridge. Asterisk never makes such ids by itself.
 */

const PREFIX = 'xm-';

/** Tells whether a channel or a bridge was made by this router or an earlier run of it. */
export function isOurs(id: string): boolean {
  return id.startsWith(PREFIX);
}

/** The id of the call that a bridge of ours belongs to. */
export function callIdOf(bridgeId: string): string {
  return bridgeId.replace(/-bridge$/, '');
}

/** Path of a channel, or of what is below it. */
export function channelPath(channelId: string, below = ''): string {
  return `/channels/${encodeURIComponent(channelId)}${below}`;
}

export function bridgePath(bridgeId: string, below = ''): string {
  return `/bridges/${encodeURIComponent(bridgeId)}${below}`;
}
