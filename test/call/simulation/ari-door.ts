/**
 * What Asterisk answers when it is asked over ARI what there is, told from the world's truth, so that the adapter's own reconcile() can be played: after each connect
 * it sees channels, bridges and variables as they stand when its request arrives. An order that it does not know is a fault of the simulation.
 */
import { type AriOrder, AriRefusal, AriRequests } from '../../../src/asterisk/requests.ts';
import type { CallerChannel } from './caller-channel.ts';
import type { Exchange, LegChannel } from './exchange.ts';
import type { Orders } from './orders.ts';

export const APP = 'xivo-mapp';
const NOWHERE = { base: 'http://127.0.0.1/ari', host: '127.0.0.1', secure: false, authorization: '' };
const STATES = { dialling: 'Down', ringing: 'Ringing', up: 'Up', gone: 'Down' } as const;

export interface AsteriskTruth {
  readonly exchange: Exchange;
  readonly callers: ReadonlyMap<string, CallerChannel>;
  /** Channels whose events are sent to the application. */
  readonly subscribed: Set<string>;
  /** What the dialplan gave to Stasis() with this channel. */
  readonly argsOf: (channel: CallerChannel) => readonly string[];
}

export class AriDoor extends AriRequests {
  readonly #truth: AsteriskTruth;
  readonly #orders: Orders;

  constructor(truth: AsteriskTruth, orders: Orders) {
    super(NOWHERE);
    this.#truth = truth;
    this.#orders = orders;
  }

  override send(order: AriOrder): Promise<unknown> {
    const words = `${order.method} ${order.path}`;
    return this.#orders.send('requests.send', words, () => this.#answer(order, words));
  }

  #answer({ method, path, query = {} }: AriOrder, words: string): unknown {
    const { exchange, callers, subscribed } = this.#truth;
    const [what = '', id = '', below = ''] = path.split('/').slice(1).map(decodeURIComponent);
    const caller = callers.get(id);
    const leg = exchange.legs.get(id);
    switch (`${method} ${[what, id === '' ? '' : '*', below].filter((part) => part !== '').join('/')}`) {
      case 'GET applications/*':
        return { channel_ids: [...subscribed], endpoint_ids: [] };
      case 'POST applications/*/subscription': {
        const wanted = (query.eventSource ?? '').split(',').map((source) => source.slice('channel:'.length));
        for (const channelId of wanted) if (!this.#isThere(channelId)) throw new AriRefusal(404, words);
        for (const channelId of wanted) subscribed.add(channelId);
        return undefined;
      }
      case 'GET channels':
        return [...[...callers.values()].filter(isThere).map((one) => this.#caller(one)), ...this.#legs()];
      case 'GET bridges':
        return exchange.bridges.ids.map((one) => ({
          id: one,
          name: exchange.bridges.nameOf(one),
          channels: exchange.bridges.channelsIn(one),
        }));
      case 'GET bridges/*': {
        const channels = exchange.bridges.channelsIn(id);
        if (channels === undefined) throw new AriRefusal(404, words);
        return { id, channels };
      }
      case 'GET channels/*':
        if (caller !== undefined && isThere(caller)) return this.#caller(caller);
        if (leg !== undefined && leg.state !== 'gone') return legState(leg);
        throw new AriRefusal(404, words);
      case 'GET channels/*/variable':
        if (!this.#isThere(id)) throw new AriRefusal(404, words);
        return { value: evaluate(query.variable ?? '', caller?.variables ?? legVariables(leg)) };
      case 'POST channels/*/answer':
        if (caller?.isOurs !== true) throw new AriRefusal(404, words);
        caller.answer();
        return undefined;
      case 'DELETE channels/*':
        if (!this.#isThere(id)) throw new AriRefusal(404, words);
        if (caller !== undefined) exchange.bridges.isPulled(caller);
        caller?.hangsUp(true);
        if (leg !== undefined) exchange.hangUp(id, 'normal');
        return undefined;
      case 'DELETE bridges/*':
        if (exchange.bridges.channelsIn(id) === undefined) throw new AriRefusal(404, words);
        exchange.bridges.close(id);
        return undefined;
      default:
        throw new Error(`the simulation's Asterisk does not know ${words}`);
    }
  }

  #isThere(channelId: string): boolean {
    const { exchange, callers } = this.#truth;
    const caller = callers.get(channelId);
    return caller === undefined ? (exchange.legs.get(channelId)?.state ?? 'gone') !== 'gone' : isThere(caller);
  }

  #caller(channel: CallerChannel): unknown {
    const app = channel.isOurs
      ? { app_name: 'Stasis', app_data: [APP, ...this.#truth.argsOf(channel)].join(',') }
      : undefined;
    return { id: channel.channelId, state: channel.isAnswered ? 'Up' : 'Ring', dialplan: app };
  }

  #legs(): readonly unknown[] {
    return [...this.#truth.exchange.legs.values()].filter(({ state }) => state !== 'gone').map(legState);
  }
}

function isThere(channel: CallerChannel): boolean {
  return channel.where !== 'gone';
}

function legState({ request, state, inApp }: LegChannel): unknown {
  const app = inApp ? { app_name: 'Stasis', app_data: `${APP},leg,${request.forChannelId}` } : undefined;
  return { id: request.legId, state: STATES[state], dialplan: app };
}

function legVariables(leg: LegChannel | undefined): ReadonlyMap<string, string> {
  return new Map([
    ['XIVO_MAPP_LEG', leg?.request.memory ?? ''],
    ['XIVO_MAPP_CALLER', leg?.request.forChannelId ?? ''],
  ]);
}

function evaluate(expression: string, variables: ReadonlyMap<string, string>): string {
  return expression
    .replace(/^EVAL\((.*)\)$/s, '$1')
    .replace(/\$\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? '');
}
