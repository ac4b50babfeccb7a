/**
 * The caller's channel, as far as an AGI session reaches it. The dialplan waits for us meanwhile, and goes on by itself the moment the session ends:
 * so whatever fails here, no caller is kept. Must never order what lasts and cannot be cut short, for whatever comes next would wait for its end.
 */
import { CallerGone, PbxError } from '../../call/errors.ts';
import type { DialplanStatus } from '../../call/outcomes.ts';
import { WAKE_CHECKPOINT } from '../../call/own-dial/checkpoint.ts';
import type { Hold, HoldNews, Log, Party, Reading, WaitingCaller } from '../../call/ports.ts';
import { ask, askContacts, isVariableName } from './question.ts';
import type { AgiRequest } from './request.ts';
import type { AgiSession } from './session.ts';

/**
 * Lets the caller stay with us for as long as XIVO_MAPP_PATIENCE says, where the dialplan has set it: until then a router that hangs loses it after
 * some seconds.
 */
const STAYS = `\${SET(TIMEOUT(absolute)=\${IF($[0\${XIVO_MAPP_PATIENCE}>0]?\${XIVO_MAPP_PATIENCE}:\${TIMEOUT(absolute)})})}`;

/** A caller, and what an earlier wake has left on the channel. Rejects as the session's commands do. */
export async function openCaller(
  session: AgiSession,
  request: AgiRequest,
  log: Log,
): Promise<{ readonly caller: WaitingCaller; readonly checkpoint: string }> {
  const [state, checkpoint = ''] = await ask(session, [`\${CHANNEL(state)}`, `\${${WAKE_CHECKPOINT}}`, STAYS]);
  return { caller: new AgiCaller(session, request, state === 'Up', log), checkpoint };
}

class AgiCaller implements WaitingCaller {
  readonly channelId: string;
  readonly party: Party;
  readonly answered: boolean;
  readonly left: AbortSignal;
  private readonly session: AgiSession;
  private readonly log: Log;
  /** What stops what the caller hears; undefined where nothing was started. */
  private hold: { stop: readonly string[] } | undefined;
  /** True once the dialplan is about to go on: nothing may be started any more. */
  private goesOn = false;

  constructor(session: AgiSession, { channelId, caller }: AgiRequest, answered: boolean, log: Log) {
    this.channelId = channelId;
    this.party = caller;
    this.answered = answered;
    this.left = session.left;
    this.session = session;
    this.log = log;
  }

  async read(what: {
    readonly variables: readonly string[];
    readonly globals: readonly string[];
    readonly contactsOf: readonly string[];
  }): Promise<Reading> {
    this.left.throwIfAborted();
    const variables = what.variables.filter(isVariableName);
    const globals = what.globals.filter(isVariableName);
    const [values, contacts] = await Promise.all([
      ask(this.session, [...variables.map((name) => `\${${name}}`), ...globals.map((name) => `\${GLOBAL(${name})}`)]),
      askContacts(this.session, what.contactsOf),
    ]);
    const found = (names: readonly string[], from: number, asked: readonly string[]) =>
      new Map(names.map((name) => [name, asked.includes(name) ? (values[from + asked.indexOf(name)] ?? '') : '']));
    return {
      variables: found(what.variables, 0, variables),
      globals: found(what.globals, variables.length, globals),
      contacts,
    };
  }

  async write(variables: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(
      Object.entries(variables)
        .flatMap(([name, value]) => writeOrders(name, value))
        .map((order) => this.order(order)),
    );
  }

  async answer(): Promise<void> {
    await this.order('ANSWER');
  }

  async startHold({ message, afterwards }: Hold, onNews?: (news: HoldNews) => void): Promise<void> {
    this.left.throwIfAborted();
    await this.stopHold();
    if (this.goesOn) throw new CallerGone('the dialplan goes on');
    const orders = holdOrders(afterwards, this.answered || isSound(message));
    const hold = { stop: orders.stop };
    this.hold = hold;
    if (message === undefined || !SOUND.test(message))
      return await this.startAfterwards(hold, afterwards, orders, onNews);
    if (!this.answered) await this.order(PROGRESS);
    if (this.hold !== hold) return;
    // Beside whatever comes: what is asked meanwhile waits for its end, and what stops it does not.
    void this.session
      .play(message)
      .catch(() => 0)
      .then(async (played) => {
        // It was cut short because the dialplan is about to go on.
        if (this.hold !== hold || played === undefined) return;
        await this.startAfterwards(hold, afterwards, orders, onNews);
        if (this.hold === hold) onNews?.({ what: 'message', played: played !== 0 });
      })
      .catch((error: unknown) =>
        this.log.debug('what comes after a message could not be started', { error: String(error) }),
      );
  }

  private async startAfterwards(
    hold: { stop: readonly string[] },
    afterwards: Hold['afterwards'],
    { start, stop }: HoldOrders,
    onNews?: (news: HoldNews) => void,
  ): Promise<void> {
    for (const order of start) {
      await this.order(order);
      // Stopped while the order was under way.
      if (this.hold !== hold) return this.stop(stop);
    }
    if (afterwards.kind !== 'tone' || afterwards.country === '') return;
    const [tried] = await ask(this.session, [`\${TRYSTATUS}`]);
    if (tried === 'FAILED' && this.hold === hold) onNews?.({ what: 'tone', played: false });
  }

  async stopHold(): Promise<void> {
    const hold = this.hold;
    this.hold = undefined;
    if (hold !== undefined && !this.left.aborted) await this.stop(hold.stop);
  }

  async giveBack(status: DialplanStatus, reason: string): Promise<void> {
    this.left.throwIfAborted();
    this.goesOn = true;
    const said = this.write({ XIVO_MAPP_STATUS: status, XIVO_MAPP_REASON: reason });
    // What is ordered first is done first: the caller hears on until the dialplan knows.
    const results = await Promise.allSettled([said, this.stopHold()]);
    this.left.throwIfAborted();
    if (results[0].status === 'rejected') {
      this.log.error('could not tell a dialplan how its AGI request ended', { error: String(results[0].reason) });
    }
    await this.letGo();
  }

  async hangUp(): Promise<void> {
    if (!this.left.aborted) await this.order('HANGUP');
    await this.letGo();
  }

  letGo(): Promise<void> {
    this.goesOn = true;
    return this.session.end();
  }

  private async stop(orders: readonly string[]): Promise<void> {
    // Where nothing plays, or nobody hears it any more, there is nothing to stop.
    await Promise.allSettled(orders.map((order) => this.order(order)));
  }

  /**
   * What is ordered waits for no message. Rejects with CallerGone where the caller has hung up, with PbxError where Asterisk refuses otherwise.
   */
  private async order(command: string): Promise<void> {
    this.session.cutShort();
    const { code, result } = await this.session.command(command);
    if (code === 200 && !result.startsWith('-')) return;
    this.left.throwIfAborted();
    if (code === 511) throw new CallerGone('the caller has hung up');
    const verb = command.split(' ', 2).join(' ');
    throw new PbxError(`Asterisk refused ${verb}: ${code === 200 ? `result ${result}` : code}`);
  }
}

/** Ringback that depends on no indications.conf: the cadence of France, ms. */
const ANY_RINGBACK = '440/1500,0/3500';

/** A message that can be named in a command. */
const SOUND = /^[\w./-]{1,200}$/;
/** Before the answer, media is heard once it is announced. */
const PROGRESS = 'EXEC Progress';

interface HoldOrders {
  readonly start: readonly string[];
  readonly stop: readonly string[];
}

function isSound(message: string | undefined): message is string {
  return message !== undefined && SOUND.test(message);
}

/** @param mediaUp whether media is announced by then */
function holdOrders(afterwards: Hold['afterwards'], mediaUp: boolean): HoldOrders {
  if (afterwards.kind === 'ringing') return { start: ['EXEC Ringing'], stop: [] };
  const heard = mediaUp ? [] : [PROGRESS];
  if (afterwards.kind === 'music') {
    const { musicClass = '' } = afterwards;
    const named = /^[\w.-]{1,80}$/.test(musicClass) ? ` ${musicClass}` : '';
    return { start: [...heard, `SET MUSIC ON${named}`], stop: ['SET MUSIC OFF'] };
  }
  const zone = `SET VARIABLE CHANNEL(tonezone) ${quoted(afterwards.country)}`;
  // An application that fails ends the call.
  const tone = afterwards.country === '' ? [`EXEC PlayTones ${ANY_RINGBACK}`] : [zone, 'EXEC TryExec PlayTones(ring)'];
  return { start: [...heard, ...tone], stop: ['EXEC StopPlayTones'] };
}

/** Asterisk reads no command that is much longer: a long value comes in pieces, of which it makes one. */
function writeOrders(name: string, value: string): string[] {
  const pieces = value.match(/.{1,1500}/gs) ?? [''];
  const [first = ''] = pieces;
  if (pieces.length === 1) return [`SET VARIABLE ${name} ${quoted(first)}`];
  const names = pieces.map((_, index) => `${name}_${index}`);
  return [
    ...pieces.map((piece, index) => `SET VARIABLE ${names[index]} ${quoted(piece)}`),
    `GET FULL VARIABLE \${SET(${name}=${names.map((each) => `\${${each}}`).join('')}):0:0}`,
    ...names.map((each) => `SET VARIABLE ${each} ""`),
  ];
}

/** One argument of a command, whatever is in it. */
function quoted(value: string): string {
  return `"${value.replace(/\p{Cc}/gu, ' ').replace(/["\\]/g, '\\$&')}"`;
}
