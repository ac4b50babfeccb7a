/**
 * What Asterisk 16 and 22 send, as the lab has seen it: events with all of their fields, and answers to what the router asks. `CHANNEL-ID` stands where each use has
 * an id of its own.
 */
import type { Json } from './strange.ts';

const playback = { id: '1-hold-1', media_uri: 'sound:beep', target_uri: 'channel:1', language: 'en' };
const stamp = { asterisk_id: '02:42:ac:11:00:02', application: 'xivo-mapp', timestamp: '2024-05-01T10:00:00.000+0000' };

/** A caller's channel. @param more what only Asterisk 22 says */
export const channelOf = (
  id: string,
  state: string,
  args: readonly string[],
  more: Readonly<Record<string, Json>> = {},
): { readonly [name: string]: Json } => ({
  id,
  name: 'PJSIP/trunk-00000001',
  state,
  caller: { name: 'Carol', number: '0612345678' },
  connected: { name: '', number: '' },
  accountcode: '',
  dialplan: {
    context: 'xivo-mapp',
    exten: 's',
    priority: 4,
    app_name: 'Stasis',
    app_data: ['xivo-mapp', ...args].join(','),
  },
  creationtime: '2024-05-01T10:00:00.000+0000',
  language: 'fr_FR',
  ...more,
});
const newer = { protocol_id: 'a84b4c76e66710', caller_rdnis: '' };
const leg = channelOf('xm-0011223344556677-leg-1', 'Ringing', ['leg', '1700000000.1'], newer);
const says = (to: string) => ({
  eventname: 'xivo-mapp-connected',
  userevent: { eventname: 'xivo-mapp-connected', to },
});
/** What the dialplan is at stands in each event of the channel. */
const connecting = {
  ...leg,
  dialplan: {
    context: 'xivo-mapp-leg',
    exten: 's',
    priority: 5,
    app_name: 'UserEvent',
    app_data: 'xivo-mapp-connected,to:mobile 1700000000.1',
  },
};

export const events: readonly Json[] = [
  { type: 'StasisStart', ...stamp, args: ['42', ''], channel: channelOf('CHANNEL-ID', 'Ring', ['42', '']) },
  { type: 'StasisStart', ...stamp, args: ['7'], channel: channelOf('CHANNEL-ID', 'Up', ['7'], newer) },
  { type: 'StasisStart', ...stamp, args: ['leg', '1'], channel: leg },
  {
    type: 'StasisStart',
    ...stamp,
    args: [],
    channel: channelOf('CHANNEL-ID', 'Up', []),
    replace_channel: channelOf('replaced', 'Up', []),
  },
  { type: 'StasisEnd', ...stamp, channel: channelOf('CHANNEL-ID', 'Up', ['42'], newer) },
  { type: 'ChannelStateChange', ...stamp, channel: leg },
  {
    type: 'ChannelDestroyed',
    ...stamp,
    cause: 16,
    cause_txt: 'Normal Clearing',
    channel: channelOf('CHANNEL-ID', 'Up', ['42']),
  },
  { type: 'ChannelDestroyed', ...stamp, cause: 21, cause_txt: 'Call Rejected', tech_cause: 603, channel: leg },
  { type: 'Dial', ...stamp, dialstatus: '', peer: leg, caller: channelOf('CHANNEL-ID', 'Ring', ['42']) },
  { type: 'Dial', ...stamp, dialstatus: 'PROGRESS', forward: '', dialstring: 'alice/sip:alice@127.0.0.1', peer: leg },
  {
    type: 'ContactStatusChange',
    ...stamp,
    endpoint: { technology: 'PJSIP', resource: 'alice', state: 'online', channel_ids: [] },
    contact_info: {
      uri: 'sip:alice@127.0.0.1:5060;ob',
      contact_status: 'NonQualified',
      aor: 'alice',
      roundtrip_usec: '0',
    },
  },
  { type: 'PlaybackStarted', ...stamp, playback: { ...playback, next_media_uri: 'tone:ring', state: 'playing' } },
  { type: 'PlaybackContinuing', ...stamp, playback: { ...playback, next_media_uri: 'tone:ring', state: 'continuing' } },
  { type: 'PlaybackFinished', ...stamp, playback: { ...playback, state: 'failed' } },
  { type: 'ChannelUserevent', ...stamp, eventname: 'xivo-mapp-probe', userevent: {} },
  { type: 'ChannelUserevent', ...stamp, eventname: 'theirs', userevent: { eventname: 'theirs', x: 'y' }, channel: leg },
  { type: 'ChannelUserevent', ...stamp, ...says('mobile 1700000000.1'), channel: connecting },
  { type: 'ChannelUserevent', ...stamp, ...says('x'), channel: channelOf('CHANNEL-ID', 'Up', ['42']) },
  { type: 'ChannelVarset', ...stamp, variable: 'XIVO_MAPP_ON', value: 'mobile', channel: connecting },
  {
    type: 'PeerStatusChange',
    ...stamp,
    endpoint: { technology: 'PJSIP', resource: 'alice' },
    peer: { peer_status: 'Reachable' },
  },
];

/** Bodies of answers, whatever they answer. */
export const answers: readonly Json[] = [
  { value: '' },
  { value: 'True\u001f3\u001f"5"\u001f' },
  { value: 'ANSWERED\u001fmobile\u001fxm-0011223344556677-leg-1' },
  { value: '1\u001f\u001f' },
  [channelOf('1700000000.9', 'Up', ['42']), leg],
  [
    {
      id: 'xm-0011223344556677-note',
      name: '1700000000.9 v2 xm-0011223344556677',
      technology: 'simple_bridge',
      bridge_type: 'mixing',
      channels: [],
    },
  ],
  { name: 'xivo-mapp', channel_ids: ['1700000000.9'], endpoint_ids: ['PJSIP/alice'], bridge_ids: [], device_names: [] },
  leg,
  { message: 'Channel not found' },
  { error: 'Conflict' },
];
