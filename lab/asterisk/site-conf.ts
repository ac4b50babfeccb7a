/**
 * What a XiVO's Asterisk has beside calls, where a test asks for it: call logs (CDR and CEL, each into a file of the run folder), the feature codes that are dialled
 * within a call, parking, conferences, recording, and the manager interface on loopback. It must never change how an Asterisk behaves that was not asked to have it.
 */

/** Codes that are dialled within a call, as XiVO has them, and numbers of the parking lot. */
export const CODES = { blindTransfer: '*1', attendedTransfer: '*2', record: '*3', hangUp: '*0', pickup: '*8' } as const;
export const PARKING = { park: '700', first: '701', last: '720' } as const;

export const SITE_MODULES = `
  res_cdrel_custom cdr_custom cel_custom app_cdr app_celgenuserevent app_channelredirect app_bridgeaddchan
  app_mixmonitor app_confbridge res_parking res_pjsip_refer
`;

export const MANAGER = { username: 'lab', secret: 'lab' } as const;

/** Columns of the files, and what Asterisk fills them with. */
const CDR_COLUMNS = {
  linkedid: 'CDR(linkedid)',
  uniqueid: 'CDR(uniqueid)',
  src: 'CDR(src)',
  dst: 'CDR(dst)',
  dcontext: 'CDR(dcontext)',
  channel: 'CDR(channel)',
  dstchannel: 'CDR(dstchannel)',
  lastapp: 'CDR(lastapp)',
  lastdata: 'CDR(lastdata)',
  disposition: 'CDR(disposition)',
  duration: 'CDR(duration)',
  billsec: 'CDR(billsec)',
  sequence: 'CDR(sequence)',
  userfield: 'CDR(userfield)',
} as const;
const CEL_COLUMNS = {
  eventtype: 'eventtype',
  eventtime: 'eventtime',
  linkedid: 'CHANNEL(linkedid)',
  uniqueid: 'CHANNEL(uniqueid)',
  channel: 'CHANNEL(channame)',
  appname: 'CHANNEL(appname)',
  appdata: 'CHANNEL(appdata)',
  exten: 'CHANNEL(exten)',
  context: 'CHANNEL(context)',
  cidname: 'CALLERID(name)',
  cidnum: 'CALLERID(num)',
  peer: 'BRIDGEPEER',
  extra: 'eventextra',
} as const;

export type CdrColumn = keyof typeof CDR_COLUMNS;
export type CelColumn = keyof typeof CEL_COLUMNS;
export const CDR_NAMES = Object.keys(CDR_COLUMNS);
export const CEL_NAMES = Object.keys(CEL_COLUMNS);
/** Both in the log folder; Asterisk says into which folders there. */
export const CDR_FILE = 'cdr-custom/calls.csv';
export const CEL_FILE = 'cel-custom/events.csv';

function mapping(file: string, columns: Readonly<Record<string, string>>): string {
  const fields = Object.values(columns).map((expression) => `\${CSV_QUOTE(\${${expression}})}`);
  return `[mappings]\n${file.replace(/^.*\//, '')} => ${fields.join(',')}\n`;
}

/** Text of each configuration file, by name. */
export function renderSite(managerPort: number): Readonly<Record<string, string>> {
  return {
    'cdr.conf': '[general]\nenable=yes\nunanswered=yes\ncongestion=yes\n',
    'cdr_custom.conf': mapping(CDR_FILE, CDR_COLUMNS),
    'cel.conf': `[general]
enable=yes
apps=dial,bridge,stasis,park,queue,pickup,confbridge
events=CHAN_START,CHAN_END,ANSWER,HANGUP,APP_START,APP_END,BRIDGE_ENTER,BRIDGE_EXIT
events=PARK_START,PARK_END,BLINDTRANSFER,ATTENDEDTRANSFER,PICKUP,FORWARD,LOCAL_OPTIMIZE,LINKEDID_END,USER_DEFINED
`,
    'cel_custom.conf': mapping(CEL_FILE, CEL_COLUMNS),
    'features.conf': `[general]
pickupexten=${CODES.pickup}
featuredigittimeout=1500
transferdigittimeout=3
transferdialattempts=1
atxfernoanswertimeout=15
[featuremap]
blindxfer=${CODES.blindTransfer}
atxfer=${CODES.attendedTransfer}
automixmon=${CODES.record}
disconnect=${CODES.hangUp}
`,
    'res_parking.conf': `[general]
[default]
parkext=${PARKING.park}
parkpos=${PARKING.first}-${PARKING.last}
context=parkedcalls
parkingtime=45
findslot=first
`,
    'confbridge.conf': '[general]\n[default_user]\ntype=user\nquiet=yes\n[default_bridge]\ntype=bridge\n',
    'manager.conf': `[general]
enabled=yes
bindaddr=127.0.0.1
port=${managerPort}
[${MANAGER.username}]
secret=${MANAGER.secret}
read=all
write=all
`,
  };
}

/** The same files where nothing of it is wanted. */
export const NO_SITE: Readonly<Record<string, string>> = {
  'features.conf': '[general]\n',
  'cdr.conf': '[general]\nenable=no\n',
  'cel.conf': '[general]\nenable=no\n',
  'manager.conf': '[general]\nenabled=no\n',
};
