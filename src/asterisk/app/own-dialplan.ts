/**
 * Our own part of the dialplan, dialplan/xivo-mapp.conf, in which whoever answers is connected with the caller. A copy of an earlier version cannot
 * do that: with it calls are given back at once, so that the dialplan rings by itself, and it is said what to do.
 */
import type { Log } from '../../call/ports.ts';
import type { AriRequests } from '../ari/client.ts';
import { ask } from './expressions.ts';

/** Where a leg goes that is answered. */
export const LEG_CONTEXT = 'xivo-mapp-leg';
/**
 * The user event of a leg by which it says that it connects it; what is in CONNECTED_TO comes with it. Without app_userevent.so there is none, and then
 * it is looked up.
 */
export const CONNECTED = 'xivo-mapp-connected';
/** The variable by which it says on a leg that this one was first: on what it was answered, a blank, and the caller's channel. */
export const CONNECTED_TO = 'XIVO_MAPP_CONNECTED_TO';

/** What stands there; undefined where nothing does. */
export function readConnectedTo(value: string): { readonly on: string; readonly callerId: string } | undefined {
  const at = value.indexOf(' ');
  return at < 0 ? undefined : { on: value.slice(0, at), callerId: value.slice(at + 1) };
}

/**
 * What is needed for that, which a site may have left out of modules.conf: each answers 1 or 0, or nothing where Asterisk has not loaded
 * func_module.so itself.
 */
const MODULES = ['app_channelredirect.so', 'func_lock.so', 'func_global.so'];
/** To be asked through any channel; the answer is for learn(). */
export const DIALPLAN_QUESTION = `\${DIALPLAN_EXISTS(xivo-mapp-answered,s,1)}${MODULES.map((name) => `,\${IFMODULE(${name})}`).join('')}`;

/**
 * The context from which the dialplan gives a caller to us. A caller who is in another has been moved. CHANNEL(appname) would say whether it is in an
 * application, but Asterisk ends itself where that is asked in the moment in which the channel leaves it.
 */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Asterisk fills it in.
const WITH_US = '"${CONTEXT}" = "xivo-mapp-route"';

// biome-ignore lint/suspicious/noTemplateCurlyInString: Asterisk fills it in.
const LEFT = '${XIVO_MAPP_LIMIT} - ${STRFTIME(,,%s.%3q)}';
/** XIVO_MAPP_PATIENCE, or what is left by now of what the site has granted. */
const LONGEST = `\${IF($[0\${XIVO_MAPP_LIMIT} = 0 | ${LEFT} > 0\${XIVO_MAPP_PATIENCE}]?\${XIVO_MAPP_PATIENCE}:\${IF($[${LEFT} < 0.1]?0.1:$[${LEFT}])})}`;
/**
 * Lets the caller stay with us for as long as XIVO_MAPP_PATIENCE says: until then a router that hangs loses it after some seconds. Only where it is
 * with us and has not gone on in the dialplan, which keeps that variable empty; else what stands is set again. It may be asked at any time, and again.
 */
export const STAYS = `\${SET(TIMEOUT(absolute)=\${IF($[${WITH_US} & 0\${XIVO_MAPP_PATIENCE} > 0]?${LONGEST}:\${TIMEOUT(absolute)})})}`;

/** For a caller whom somebody has moved elsewhere in the dialplan: what the site has granted counts again, and nothing of ours ends the call there. */
const AWAY = `!(${WITH_US}) & 0\${XIVO_MAPP_PATIENCE} > 0`;
const GRANTED = `\${IF($[0\${XIVO_MAPP_LIMIT} = 0]?0:\${IF($[${LEFT} < 1]?1:$[${LEFT}])})}`;
/** What is asked of a caller who was moved. */
export const GOES_FREE = [
  `\${SET(TIMEOUT(absolute)=\${IF($[${AWAY}]?${GRANTED}:\${TIMEOUT(absolute)})})}`,
  `\${SET(XIVO_MAPP_PATIENCE=\${IF($[${AWAY}]?:\${XIVO_MAPP_PATIENCE})})}`,
];

/** Asks it. Never rejects: a channel that is gone needs nothing. */
export async function takeOffGuard(requests: AriRequests, channelId: string, log: Log): Promise<void> {
  await ask(requests, channelId, GOES_FREE).catch((error: unknown) =>
    log.debug('could not take off the time after which a caller is taken back', { channelId, error: String(error) }),
  );
}

export class OwnDialplan {
  private readonly log: Log;
  private whatIsWrong: string | undefined;

  constructor(log: Log) {
    this.log = log;
  }

  /** Why nobody can be connected, and the cure; undefined where all is well, or nobody has asked yet. */
  get trouble(): string | undefined {
    return this.whatIsWrong;
  }

  /** Asterisk's answer, which a `dialplan reload` may change at any time. Each change is said once. */
  learn(answer: string): void {
    const before = this.whatIsWrong;
    this.whatIsWrong = troubleOf(answer);
    if (this.whatIsWrong === before) return;
    if (this.whatIsWrong === undefined) this.log.info('the dialplan can connect callers again');
    else this.log.error(this.whatIsWrong);
  }
}

function troubleOf(answer: string): string | undefined {
  const [hasContext, ...loaded] = answer.split(',');
  const so = 'so that nobody could be connected, and calls are given back to the dialplan at once';
  if (hasContext !== '1')
    return `the dialplan has no context xivo-mapp-answered, ${so}; copy dialplan/xivo-mapp.conf of this version to Asterisk, then "dialplan reload"`;
  const missing = MODULES.filter((_, index) => loaded[index] === '0');
  if (missing.length === 0) return undefined;
  return `Asterisk has not loaded ${missing.join(', ')}, ${so}; see modules.conf, then "module load ${missing[0]}"`;
}
