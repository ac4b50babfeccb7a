/**
 * What a test may choose about its Asterisk, and what it gets: everything but version and endpoints has a default that suits.
 */
import type { Ami } from './ami.ts';
import type { AriAccess, AriAnswer, AriMethod, AriQuery, Leftovers } from './ari-request.ts';
import type { CdrRow, CelRow } from './call-logs.ts';
import type { LabUser } from './dialplan-conf.ts';
import type { Ending } from './endings.ts';
import type { AsteriskInstall, AsteriskVersion } from './fetch.ts';
import type { LabEndpoint, LabTrunk } from './pjsip-conf.ts';

export interface AsteriskSettings {
  readonly version: AsteriskVersion;
  /** An install at hand; fetched into the cache when left out. */
  readonly install?: AsteriskInstall;
  readonly onProgress?: (line: string) => void;
  readonly endpoints: readonly LabEndpoint[];
  readonly users?: readonly LabUser[];
  readonly trunk?: LabTrunk;
  /** Lines of xivo_globals.conf, with or without its `[globals]`. */
  readonly globals?: string;
  /** The Stasis application that the dialplan enters; `xivo-mapp` when left out: each Asterisk is a world of its own. */
  readonly stasisApp?: string;
  /** Contexts added behind the lab's own. */
  readonly extraDialplan?: string;
  /** Text added behind pjsip.conf. */
  readonly extraPjsip?: string;
  /** Stands in for dialplan/xivo-mapp.conf of the repository. */
  readonly hookDialplan?: string;
  readonly ari?: {
    readonly enabled?: boolean;
    readonly username?: string;
    readonly password?: string;
    readonly readOnly?: boolean;
  };
  /** http.conf `sessionlimit`; Asterisk's own default (100) when left out. */
  readonly sessionLimit?: number;
  /** asterisk.conf `systemname`, with which the ids of channels begin; none when left out. */
  readonly systemName?: string;
  /** Ports for RTP, two for each audio stream; 1000 when left out. */
  readonly rtpPorts?: number;
  /** Class `default`: the packaged pieces (`music`, when left out) or one tone of TONES.mohDefault. Class `other` is always TONES.mohOther. */
  readonly mohDefault?: 'music' | 'tone';
  /** Country of in-band tones; `us` when left out. */
  readonly country?: 'us' | 'fr' | 'uk' | 'de';
  /** indications.conf, in place of one with us, fr, uk and de. */
  readonly indications?: string;
  readonly contactStatusOnRefresh?: boolean;
  /** What a XiVO has beside calls: call logs, feature codes, parking, conferences, recording, AMI (site-conf.ts); none of it when left out. */
  readonly site?: boolean;
  /** What browsers need: SIP over wss with a certificate of the lab's own, ICE, DTLS-SRTP (web-conf.ts); none of it when left out. */
  readonly web?: boolean;
  /** SIP by TCP, TLS, WebSockets and IPv6 as well (transports-conf.ts); UDP of IPv4 alone when left out. */
  readonly transports?: boolean;
  /** Leaves the run folder (configuration, log) in place after stop(). */
  readonly keep?: boolean;
}

export interface LabAsterisk extends AriAccess, AsyncDisposable {
  readonly version: AsteriskVersion;
  readonly install: AsteriskInstall;
  readonly stasisApp: string;
  readonly sipHost: string;
  readonly sipPort: number;
  /** Of SIP by TLS; needs `transports`. */
  readonly tlsPort: number | undefined;
  /** `wss://…` of SIP for browsers; needs `web`. */
  readonly webSocketUrl: string | undefined;
  /** Address from which the trunk has to call. */
  readonly trunkAddress: string;
  readonly runFolder: string;
  readonly logFile: string;
  /** xivo_globals.conf, as the router's XIVO_GLOBALS_FILE. */
  readonly globalsFile: string;
  /** Process id of the running Asterisk. */
  pid(): number;
  /** Runs a command of Asterisk's command line, and returns what it printed. */
  cli(command: string): Promise<string>;
  /** Rewrites xivo_globals.conf and reloads the dialplan, as an administrator does. */
  reloadGlobals(text: string): Promise<void>;
  /** One raw ARI request; `path` starts behind `/ari`. */
  ari(method: AriMethod, path: string, query?: AriQuery, body?: unknown): Promise<AriAnswer>;
  leftovers(): Promise<Leftovers>;
  /** Waits until no channel, bridge or subscription is left; throws with the list of what is, after `withinMs` (10 s). */
  awaitNothingLeft(withinMs?: number): Promise<void>;
  /** The channels that came through `did` and have ended, oldest first. */
  endings(): Promise<Ending[]>;
  /** Waits for the ending of a channel whose fields are those given; throws after `withinMs` (10 s). */
  awaitEnding(fields: Partial<Ending>, withinMs?: number): Promise<Ending>;
  /** The rows of CDR of that call (linkedid: the unique id of its first channel), once it is over; needs `site`. */
  cdrRows(linkedid: string, withinMs?: number): Promise<CdrRow[]>;
  /** The rows of CEL of that call, once it is over; needs `site`. */
  celRows(linkedid: string, withinMs?: number): Promise<CelRow[]>;
  /** A connection to the manager interface, to be closed by whoever asked for it; needs `site`. */
  ami(): Promise<Ami>;
  /** The last lines of Asterisk's log. */
  logTail(lines?: number): Promise<string>;
  /** Ends it without any warning, as a crash would. start() brings it back on the same ports. */
  kill(): Promise<void>;
  /** Starts it again after kill(). */
  start(): Promise<void>;
  /** kill() and start(). */
  restart(): Promise<void>;
  /** Ends it (politely, then not), and removes the run folder. */
  stop(): Promise<void>;
}
