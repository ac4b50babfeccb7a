/**
 * One caller's channel in our application, and an Asterisk that says of it what the test wants: whether it is there, where it is, and what the dialplan has set on it. It must never send an
 * event by itself; tests do.
 */

import type { Dispatcher } from '../../src/asterisk/app/dispatcher.ts';
import { OwnDialplan } from '../../src/asterisk/app/own-dialplan.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { CallerChannel } from '../../src/asterisk/channels/caller.ts';
import type { Clock } from '../../src/call/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { answerJson, PbxStub, type SeenRequest } from './pbx-stub.ts';
import { quietDispatcher } from './quiet-dispatcher.ts';
import { toldLog } from './told-log.ts';

export const CALLER_ID = '1700000000.1';
export const LEG_ID = 'xm-0011223344556677-leg-1';

export const inStasis = (userId: string) => ({
  id: CALLER_ID,
  name: 'PJSIP/trunk-1',
  state: 'Ring',
  caller: { name: '', number: '' },
  dialplan: { app_name: 'Stasis', app_data: `app,${userId}` },
});

export class OneCaller implements AsyncDisposable {
  readonly pbx: PbxStub;
  readonly requests: AriRequests;
  readonly dispatcher: Dispatcher;
  readonly caller: CallerChannel;
  /** Arguments of whoever has come as a newcomer. */
  readonly arrived: string[] = [];
  /** What was told of a caller who was found to talk: the leg, and on what. */
  readonly #ports: ConstructorParameters<typeof CallerChannel>[2];
  readonly foundTalking: string[] = [];
  /** What GET of the channel is answered with. */
  look: { readonly status: number; readonly body?: unknown } = { status: 200, body: inStasis('42') };
  /** What the dialplan has set on the channel, by name; undefined: Asterisk finds nothing. */
  variables: Readonly<Record<string, string>> | undefined;
  refusal = 404;
  continueStatus = 204;

  private constructor(pbx: PbxStub, clock: Pick<Clock, 'sleep'>) {
    this.pbx = pbx;
    pbx.answer = (seen, response) => {
      const { status, body } = this.#answer(seen);
      answerJson(response, status, body);
    };
    this.requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const log = toldLog();
    this.dispatcher = quietDispatcher({ onArrival: (_, args) => this.arrived.push(args.join()) });
    this.#ports = {
      requests: this.requests,
      app: 'app',
      dispatcher: this.dispatcher,
      ownDialplan: new OwnDialplan(log),
      onConnected: (legId, on) => this.foundTalking.push(`${legId} ${on}`) > 0,
      log,
      clock,
    };
    this.caller = new CallerChannel(inStasis('42'), '42', this.#ports);
  }

  /** One of an earlier run beside it. */
  another(id: string, found: ConstructorParameters<typeof CallerChannel>[3]): CallerChannel {
    return new CallerChannel({ ...inStasis('42'), id }, '42', this.#ports, found);
  }

  static async start(clock: Pick<Clock, 'sleep'> = systemClock): Promise<OneCaller> {
    return new OneCaller(await PbxStub.start(), clock);
  }

  starts(userId: string): void {
    this.dispatcher.take({ type: 'StasisStart', args: [userId], channel: inStasis(userId) });
  }

  /** It has left the application. */
  leaves(): void {
    this.dispatcher.take({ type: 'StasisEnd', channel: inStasis('42') });
  }

  dies(cause = 16): void {
    this.look = { status: 404 };
    this.variables = undefined;
    this.dispatcher.take({ type: 'ChannelDestroyed', cause, cause_txt: 'x', channel: inStasis('42') });
  }

  /** The dialplan connects it: it says so first on the leg, whose word is passed on here, and then on this channel. */
  isConnected(): void {
    this.variables = { XIVO_MAPP_STATUS: 'ANSWERED', XIVO_MAPP_REASON: 'mobile', XIVO_MAPP_LEG: LEG_ID };
    this.look = { status: 200, body: { ...inStasis('42'), dialplan: { app_name: 'Bridge', app_data: LEG_ID } } };
  }

  /** What was asked of the channel, or ordered: method and what is below its path. */
  orders(): string[] {
    const path = `/ari/channels/${CALLER_ID}`;
    return this.pbx.requests
      .filter((seen) => seen.path.startsWith(path))
      .map((seen) => `${seen.method} ${seen.path.slice(path.length)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.requests.close();
    await this.pbx[Symbol.asyncDispose]();
  }

  #answer({ method, path, query }: SeenRequest): { readonly status: number; readonly body?: unknown } {
    if (path.startsWith('/ari/applications/')) return { status: 200, body: { channel_ids: [] } };
    if (method === 'GET' && path === `/ari/channels/${CALLER_ID}`) return this.look;
    if (path.endsWith('/continue')) return { status: this.continueStatus, body: { message: 'no' } };
    const asked = /^EVAL\((.*)\)$/s.exec(query.get('variable') ?? '')?.[1]?.split('\u001f');
    if (asked === undefined || this.variables === undefined) {
      return { status: this.refusal, body: { message: 'Provided variable was not found' } };
    }
    const values = asked.map((question) => this.variables?.[question.slice(2, -1)] ?? '');
    return { status: 200, body: { value: values.join('\u001f') } };
  }
}
