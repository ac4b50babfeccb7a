/**
 * The run folder of one lab Asterisk: its configuration, its tones, and the places where it keeps socket, database and
 * log. Everything that Asterisk reads or writes is named here, so that a system's own /etc/asterisk is never looked at.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DialplanSettings, renderExtensions } from './dialplan-conf.ts';
import type { AsteriskInstall } from './fetch.ts';
import { renderModules } from './modules-conf.ts';
import { type PjsipSettings, renderPjsip, renderRtp } from './pjsip-conf.ts';
import { NO_SITE, renderSite, SITE_MODULES } from './site-conf.ts';
import { writeTone } from './tone.ts';
import { renderTransports, TRANSPORT_MODULES, type TransportSettings, writeSipCertificate } from './transports-conf.ts';
import { renderWeb, WEB_MODULES, WEB_TRANSPORT, type WebSettings, writeWebCertificate } from './web-conf.ts';

/** Pitches of the lab's own tones, hertz; none is a harmonic of another, nor near a ringback (400 to 480). */
export const TONES = { mohDefault: 700, mohOther: 900, noAnswer: 1150 } as const;

interface AriSettings {
  /** When false, res_ari answers nobody. */
  readonly enabled: boolean;
  readonly username: string;
  readonly password: string;
  /** `read_only` of the ARI user. */
  readonly readOnly: boolean;
}

export interface ConfSettings {
  readonly install: AsteriskInstall;
  readonly runFolder: string;
  readonly httpPort: number;
  /** http.conf `sessionlimit`; Asterisk's own 100 when undefined. */
  readonly sessionLimit: number | undefined;
  /** asterisk.conf `systemname`; none when undefined. */
  readonly systemName: string | undefined;
  readonly rtp: { readonly first: number; readonly last: number };
  readonly ari: AriSettings;
  readonly pjsip: PjsipSettings;
  readonly dialplan: Omit<DialplanSettings, 'noAnswerSound'>;
  /** Music of the default class: the real pieces, or one tone. */
  readonly mohDefault: 'music' | 'tone';
  /** Country of the in-band tones. */
  readonly country: 'us' | 'fr' | 'uk' | 'de';
  /** indications.conf, in place of the usual one. */
  readonly indications: string | undefined;
  /** xivo_globals.conf. */
  readonly globals: string;
  /** The port of the manager interface, where call logs, feature codes, parking and so on are wanted. */
  readonly managerPort: number | undefined;
  /** SIP for browsers, where that is wanted. */
  readonly web: WebSettings | undefined;
  readonly transports: TransportSettings | undefined;
}

export interface RunPaths {
  readonly asteriskConf: string;
  readonly globalsFile: string;
  readonly logFolder: string;
  readonly logFile: string;
  readonly endingsFile: string;
}

function runPaths(runFolder: string): RunPaths {
  return {
    asteriskConf: join(runFolder, 'etc', 'asterisk.conf'),
    globalsFile: join(runFolder, 'etc', 'xivo_globals.conf'),
    logFolder: join(runFolder, 'log'),
    logFile: join(runFolder, 'log', 'full'),
    endingsFile: join(runFolder, 'log', 'endings'),
  };
}

const INDICATIONS = `[general]
country=%COUNTRY%

[us]
description=United States
ringcadence=2000,4000
dial=350+440
busy=480+620/500,0/500
ring=440+480/2000,0/4000
congestion=480+620/250,0/250

[fr]
description=France
ringcadence=1500,3500
dial=440
busy=440/500,0/500
ring=440/1500,0/3500
congestion=440/250,0/250

[uk]
description=United Kingdom
ringcadence=400,200,400,2000
dial=350+440
busy=400/375,0/375
ring=400+450/400,0/200,400+450/400,0/2000
congestion=400/400,0/350,400/225,0/525

[de]
description=Germany
ringcadence=1000,4000
dial=425
busy=425/480,0/480
ring=425/1000,0/4000
congestion=425/240,0/240
`;

function renderAsteriskConf({ install, runFolder, systemName }: ConfSettings): string {
  return `[directories]
astetcdir => ${join(runFolder, 'etc')}
astmoddir => ${install.moduleFolder}
astvarlibdir => ${join(runFolder, 'lib')}
astcachedir => ${join(runFolder, 'lib')}
astdbdir => ${join(runFolder, 'lib')}
astkeydir => ${join(runFolder, 'lib')}
astdatadir => ${install.dataFolder}
astagidir => ${join(runFolder, 'lib', 'agi-bin')}
astspooldir => ${join(runFolder, 'spool')}
astrundir => ${join(runFolder, 'run')}
astlogdir => ${join(runFolder, 'log')}
astsbindir => ${install.folder}/usr/sbin

[options]
verbose = 3
nocolor = yes
defaultlanguage = en
documentation_language = en_US
hideconnect = yes
lockconfdir = no
${systemName === undefined ? '' : `systemname = ${systemName}\n`}`;
}

/** The machine may be slow. What a test sets itself comes later, and wins. */
const NOTHING_IS_SHED = 'XIVO_MAPP_SLOW_MS = 0';

/** Text of xivo_globals.conf: what the caller gave, with the section's head when that is missing. */
export function renderGlobals(text: string): string {
  const whole = /^\s*\[globals\]/m.test(text) ? `${text}\n` : `[globals]\n${text}\n`;
  return whole.replace(/^\s*\[globals\].*$/m, `$&\n${NOTHING_IS_SHED}`);
}

function renderAri(ari: AriSettings): string {
  return `[general]
enabled=${ari.enabled ? 'yes' : 'no'}

[${ari.username}]
type=user
password=${ari.password}
password_format=plain
read_only=${ari.readOnly ? 'yes' : 'no'}
`;
}

/** Writes the whole run folder. The folder itself must exist and be empty. */
export async function writeRunFolder(settings: ConfSettings): Promise<RunPaths> {
  const { runFolder, install, web, transports } = settings;
  const paths = runPaths(runFolder);
  const sounds = join(runFolder, 'sounds');
  const folders = ['etc', 'lib', 'lib/keys', 'run', 'log', 'spool', 'sounds', 'moh-tone', 'moh-other'];
  const hasSite = settings.managerPort !== undefined;
  if (hasSite) folders.push('log/cdr-custom', 'log/cel-custom');
  await Promise.all(folders.map((name) => mkdir(join(runFolder, name), { recursive: true })));
  const modules = (await readdir(install.moduleFolder)).map((name) => name.replace(/\.so$/, ''));
  const defaultMusic = settings.mohDefault === 'music' ? install.musicFolder : join(runFolder, 'moh-tone');
  const files: Record<string, string> = {
    'asterisk.conf': renderAsteriskConf(settings),
    'modules.conf': renderModules(
      modules,
      [hasSite ? SITE_MODULES : '', web && WEB_MODULES, transports && TRANSPORT_MODULES].join(' '),
    ),
    'logger.conf':
      '[general]\ndateformat=%F %T.%3q\n\n[logfiles]\nfull => notice,warning,error,verbose\nendings => dtmf\n',
    'http.conf': `[general]\nenabled=yes\nbindaddr=127.0.0.1\nbindport=${settings.httpPort}\n${
      settings.sessionLimit === undefined ? '' : `sessionlimit=${settings.sessionLimit}\n`
    }${web === undefined ? '' : renderWeb(web)}`,
    'ari.conf': renderAri(settings.ari),
    'pjsip.conf': [
      renderPjsip(settings.pjsip),
      web === undefined ? '' : WEB_TRANSPORT,
      transports === undefined ? '' : renderTransports(transports),
    ].join(''),
    'pjproject.conf': '[startup]\ntype=startup\nlog_level=2\n',
    'rtp.conf': renderRtp(settings.rtp.first, settings.rtp.last, web !== undefined),
    'musiconhold.conf': `[default]\nmode=files\ndirectory=${defaultMusic}\nsort=alpha\n\n[other]\nmode=files\ndirectory=${join(runFolder, 'moh-other')}\n`,
    'indications.conf': settings.indications ?? INDICATIONS.replace('%COUNTRY%', settings.country),
    'extensions.conf': renderExtensions({
      ...settings.dialplan,
      noAnswerSound: join(sounds, 'no-answer'),
    }),
    'xivo_globals.conf': renderGlobals(settings.globals),
    'ccss.conf': '[general]\n',
    'acl.conf': '',
    'websocket_client.conf': '',
    'udptl.conf': '[general]\n',
    'stasis.conf': '[threadpool]\n',
    'codecs.conf': '',
    'sorcery.conf': '',
    'dnsmgr.conf': '[general]\nenable=no\n',
    ...(settings.managerPort === undefined ? NO_SITE : renderSite(settings.managerPort)),
  };
  await Promise.all([
    ...(web === undefined ? [] : [writeWebCertificate(web)]),
    ...(transports === undefined ? [] : [writeSipCertificate(transports)]),
    ...Object.entries(files).map(([name, text]) => writeFile(join(runFolder, 'etc', name), text)),
    writeFile(paths.endingsFile, ''),
    writeTone(join(runFolder, 'moh-tone', 'tone.wav'), TONES.mohDefault, 20),
    writeTone(join(runFolder, 'moh-other', 'tone.wav'), TONES.mohOther, 20),
    writeTone(join(sounds, 'no-answer.wav'), TONES.noAnswer, 1),
  ]);
  return paths;
}
