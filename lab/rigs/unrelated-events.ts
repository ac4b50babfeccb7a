/**
 * Events as a busy Asterisk sends them, byte for byte but for names and ids, about channels and phones that are no concern of ours: most are of types that the router does not use,
 * some are of types that it reads, of other people's channels. None may begin with an id that the router chooses for its own.
 */

const VARIETY = 500;
const TIMES = '"timestamp":"2026-11-23T00:38:01.886+0000"';
const TAIL = '"asterisk_id":"02:fc:00:00:00:01","application":"xivo-mapp"}';

function channel(n: number, state: string): string {
  return `"channel":{"id":"1795394281.${n}","name":"PJSIP/desk-${n}-0000${n}","state":"${state}","protocol_id":"ca6552b99a35ebd6${n}@127.0.0.2","caller":{"name":"Gateways ${n}","number":"2${n}"},"connected":{"name":"","number":""},"accountcode":"","dialplan":{"context":"from-intern","exten":"2${n}","priority":1,"app_name":"Dial","app_data":"PJSIP/desk-${n},30"},"creationtime":"2026-11-23T00:38:01.886+0000","language":"en"}`;
}

function endpoint(n: number): string {
  return `"endpoint":{"technology":"PJSIP","resource":"desk-${n}","state":"online","channel_ids":[]}`;
}

/** Some hundreds of events, each another's. In each dozen: five variables set, two of devices, two of peers, and one each of a contact, a channel's state and a channel's end. */
export function unrelatedEvents(): string[] {
  return Array.from({ length: VARIETY }, (_, n) => {
    const kinds = [
      ...Array.from(
        { length: 5 },
        (_unused, part) =>
          `{"variable":"XIVO_SOMETHING_${part}","value":"${n}","type":"ChannelVarset",${TIMES},${channel(n, 'Up')},${TAIL}`,
      ),
      ...['INUSE', 'NOT_INUSE'].map(
        (state) =>
          `{"type":"DeviceStateChanged","application":"xivo-mapp",${TIMES},"device_state":{"name":"PJSIP/desk-${n}","state":"${state}"},"asterisk_id":"02:fc:00:00:00:01"}`,
      ),
      ...['Reachable', 'Unreachable'].map(
        (status) => `{"type":"PeerStatusChange",${TIMES},${endpoint(n)},"peer":{"peer_status":"${status}"},${TAIL}`,
      ),
      `{"type":"ContactStatusChange",${TIMES},${endpoint(n)},"contact_info":{"uri":"sip:desk-${n}@10.0.0.1:${5060 + n}","contact_status":"Reachable","aor":"desk-${n}","roundtrip_usec":"900"},${TAIL}`,
      `{"type":"ChannelStateChange",${TIMES},${channel(n, 'Ringing')},${TAIL}`,
      `{"type":"ChannelDestroyed",${TIMES},"cause":16,"cause_txt":"Normal Clearing",${channel(n, 'Up')},${TAIL}`,
    ];
    return kinds;
  }).flat();
}
