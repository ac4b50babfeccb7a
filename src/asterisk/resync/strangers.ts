/**
 * Channels that wait in our application and belong to nobody, found by comparing what Asterisk says with whom we know. Of a call with bytes in it
 * that are no UTF-8 Asterisk sends no event and gives no description: its caller would ring for ever. Whoever can be described is routed as if it had
 * just come; whoever cannot, and whatever is no call, is given back to the dialplan, which rings by itself. A channel that is just arriving must not
 * be taken for a stranger: so it is judged when it is there at two looks in a row.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { PbxError } from '../../call/errors.ts';
import type { Log } from '../../call/ports.ts';
import { applicationPath, argsIn, isInAnother, readApplication } from '../app/application.ts';
import { lookAtChannel } from '../app/channel-look.ts';
import type { Dispatcher } from '../app/dispatcher.ts';
import { channelPath, isLeg } from '../app/ids.ts';
import { type AriRequests, isGone } from '../ari/client.ts';
import type { Channel } from '../ari/events.ts';
import { fewAtOnce } from '../ari/few-at-once.ts';

/** Asterisk gives one channel to all messages (SIP MESSAGE), one after another; none of anybody is handled while it is kept. */
const MESSAGES = /^Message\//;
/**
 * When it is looked again for one who was not there before, in ms: soon enough for the router to come before the dialplan, which goes on without it
 * after three seconds.
 */
const SECOND_LOOK_MS = 600;

export interface StrangersDeps {
  readonly requests: AriRequests;
  readonly dispatcher: Pick<Dispatcher, 'isOwned' | 'leavingFrom'>;
  readonly app: string;
  readonly log: Log;
  readonly onArrival: (channel: Channel, args: readonly string[]) => void;
  readonly hangUpStray: (channelId: string) => void;
}

/** Whether a channel is one of Asterisk's own that nobody calls with. */
export function isNoCall(channel: Channel): boolean {
  return MESSAGES.test(channel.name);
}

export class Strangers {
  private readonly deps: StrangersDeps;
  /** Seen at the last look, and not known to anybody. */
  private seen: ReadonlySet<string> = new Set();
  private told = new Set<string>();
  private looking = false;
  private toldOfMessages = false;

  constructor(deps: StrangersDeps) {
    this.deps = deps;
  }

  /**
   * Looks, and once more where there is a newcomer: its own event comes within the moment, and if not, its caller waits for nothing. To be said every
   * few seconds while events come. Never rejects.
   */
  async lookAgain(): Promise<void> {
    const before = this.seen;
    await this.look();
    if ([...this.seen].every((channelId) => before.has(channelId))) return;
    await pause(SECOND_LOOK_MS, undefined, { ref: false });
    await this.look();
  }

  /** Judges those who are there at the second look in a row; one request in all where there is nobody. Never rejects. */
  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    const { requests, app, log } = this.deps;
    await readApplication(requests, app, 'kept')
      .then(({ channelIds }) => this.judgeAll(channelIds))
      .catch((error: unknown) => log.debug('could not look for strangers', { error: String(error) }));
    this.looking = false;
  }

  /** @param channelIds all channels of which Asterisk sends us events, those in our application among them */
  private async judgeAll(channelIds: ReadonlySet<string>): Promise<void> {
    const { dispatcher, log } = this.deps;
    const before = this.seen;
    this.seen = new Set([...channelIds].filter((channelId) => !dispatcher.isOwned(channelId)));
    this.told = new Set([...this.told].filter((channelId) => channelIds.has(channelId)));
    const judged = [...this.seen].filter((channelId) => before.has(channelId));
    await fewAtOnce(judged, (channelId) =>
      this.judge(channelId).catch((error: unknown) =>
        log.debug('could not see to a channel that nobody owns', { channel: channelId, error: String(error) }),
      ),
    );
  }

  /** Takes no call: a channel that nobody calls with goes on in the dialplan at once. */
  returnNoCall(channel: Channel): void {
    const { log } = this.deps;
    if (!this.toldOfMessages) {
      this.toldOfMessages = true;
      log.warn(
        'a SIP message, which is no call, came to the router and is given back: the dialplan should return it at once, as dialplan/xivo-mapp.conf of this version does',
        { channel: channel.id },
      );
    }
    // Where this fails, it is a stranger at the next looks.
    this.continue(channel.id).catch((error: unknown) =>
      log.debug('could not give back a message', { channel: channel.id, error: String(error) }),
    );
  }

  private async judge(channelId: string): Promise<void> {
    const { requests, dispatcher, app, onArrival, hangUpStray } = this.deps;
    const look = await lookAtChannel(requests, channelId);
    if (dispatcher.isOwned(channelId) || look.kind === 'gone') return;
    if (look.kind === 'unreadable') return await this.judgeUnreadable(channelId);
    const { channel } = look;
    const args = argsIn(channel, app);
    if (args === undefined) await this.unsubscribe(channelId);
    else if (isLeg(channelId, args)) hangUpStray(channelId);
    else if (isNoCall(channel)) this.returnNoCall(channel);
    // Given back before, and still here: it is told once more.
    else if (dispatcher.leavingFrom(channelId) === args[0]) await this.continue(channelId);
    else onArrival(channel, args);
  }

  private async judgeUnreadable(channelId: string): Promise<void> {
    const { requests, dispatcher, app, log } = this.deps;
    // From another application it must not be taken. In none it cannot be given back, which says so.
    const isElsewhere = await isInAnother(requests, app, channelId);
    if (dispatcher.isOwned(channelId)) return;
    if (isElsewhere || !(await this.continue(channelId))) return await this.unsubscribe(channelId);
    if (!this.told.has(channelId)) {
      this.told.add(channelId);
      log.warn(
        `Asterisk cannot describe the channel ${channelId}, so it is given back to the dialplan, which rings by itself: its Call-ID, account code or language has bytes that are no UTF-8`,
        { channel: channelId },
      );
    }
  }

  /** False where it is in no application, or no more. */
  private async continue(channelId: string): Promise<boolean> {
    const { requests } = this.deps;
    try {
      await requests.send({ method: 'POST', path: channelPath(channelId, '/continue'), once: true });
      return true;
    } catch (error) {
      if (!isGone(error)) throw error;
      return false;
    }
  }

  /** It is somewhere in the dialplan, and its events have no reader. */
  private async unsubscribe(channelId: string): Promise<void> {
    const { requests, app } = this.deps;
    const query = { eventSource: `channel:${channelId}` };
    try {
      await requests.send({ method: 'DELETE', path: applicationPath(app, '/subscription'), query });
    } catch (error) {
      if (!(error instanceof PbxError)) throw error;
    }
  }
}
