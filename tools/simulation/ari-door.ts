/**
 * What Asterisk answers when it is asked over ARI what there is, told from the world's truth, so that the adapter's own resync() can be played: after each connect
 * it sees channels, bridges and variables as they stand when its request arrives. An order that it does not know is a fault of the simulation.
 */

import { isOurs } from '../../src/asterisk/app/ids.ts';
import { CONNECTED_TO } from '../../src/asterisk/app/own-dialplan.ts';
import { type AriOrder, AriRefusal, AriRequests } from '../../src/asterisk/ari/client.ts';
import type { DialRequest } from '../../src/call/ports.ts';
import type { CallerChannel } from './caller-channel.ts';
import type { Exchange, LegChannel } from './exchange.ts';
import type { Orders } from './orders.ts';
import type { PortName } from './world-plan.ts';

export const APP = 'xivo-mapp';
const NOWHERE = { base: 'http://127.0.0.1/ari', host: '127.0.0.1', secure: false, authorization: '' };
const STATES = { dialling: 'Down', ringing: 'Ringing', up: 'Up', gone: 'Down' } as const;

export interface AsteriskTruth {
  readonly exchange: Exchange;
  readonly callers: ReadonlyMap<string, CallerChannel>;
  /** Channels whose events are sent to the application. */
  readonly subscribed: Set<string>;
  /** Endpoints whose events are, with how often that was asked for. */
  readonly hearing: Map<string, number>;
  readonly nowMs: () => number;
  /** What the dialplan gave to Stasis() with this channel. */
  readonly argsOf: (channel: CallerChannel) => readonly string[];
}

type AskedFor = (legId: string) => { readonly request: DialRequest; readonly orderedAtMs: number } | undefined;

export class AriDoor extends AriRequests {
  readonly #truth: AsteriskTruth;
  readonly #orders: Orders;

  readonly #askedFor: AskedFor;

  /** @param askedFor what the router has asked for that orders a leg of this id */
  constructor(truth: AsteriskTruth, orders: Orders, askedFor: AskedFor) {
    super(NOWHERE);
    this.#truth = truth;
    this.#orders = orders;
    this.#askedFor = askedFor;
  }

  override send(order: AriOrder): Promise<unknown> {
    const words = `${order.method} ${order.path}`;
    const sentAtMs = this.#truth.nowMs();
    return this.#orders.send(portOf(order), words, () => this.#answer(order, words, sentAtMs));
  }

  #answer({ method, path, query = {} }: AriOrder, words: string, sentAtMs: number): unknown {
    const { exchange, callers, subscribed, hearing } = this.#truth;
    const { notes } = exchange;
    const [what = '', id = '', below = ''] = path.split('/').slice(1).map(decodeURIComponent);
    const caller = callers.get(id);
    const leg = exchange.legs.get(id);
    switch (`${method} ${[what, id === '' ? '' : '*', below].filter((part) => part !== '').join('/')}`) {
      case 'GET applications/*':
        return this.#application();
      case 'DELETE applications/*/subscription': {
        for (const endpoint of namesIn(query.eventSource, 'endpoint:')) {
          const left = (hearing.get(endpoint) ?? 0) - 1;
          if (left < 0) throw new AriRefusal(404, words);
          if (left > 0) hearing.set(endpoint, left);
          else hearing.delete(endpoint);
        }
        return this.#application();
      }
      case 'POST applications/*/subscription': {
        if (query.eventSource?.startsWith('endpoint:') === true) {
          for (const endpoint of namesIn(query.eventSource, 'endpoint:'))
            hearing.set(endpoint, (hearing.get(endpoint) ?? 0) + 1);
          return this.#application();
        }
        const wanted = namesIn(query.eventSource, 'channel:');
        for (const channelId of wanted) if (!this.#isThere(channelId)) throw new AriRefusal(404, words);
        for (const channelId of wanted) subscribed.add(channelId);
        return undefined;
      }
      case 'GET channels':
        return [...[...callers.values()].filter(isThere).map((one) => this.#caller(one)), ...this.#legs()];
      case 'GET bridges':
        return notes.ids.map((one) => ({ id: one, name: notes.nameOf(one), channels: [] }));
      case 'POST bridges/*':
        notes.keep(id, query.name ?? '');
        return { id };
      case 'GET channels/*':
        if (caller !== undefined && isThere(caller)) return this.#caller(caller);
        if (leg !== undefined && leg.state !== 'gone') return legState(leg);
        throw new AriRefusal(404, words);
      case 'GET channels/*/variable':
        if (!this.#isThere(id)) throw new AriRefusal(404, words);
        return { value: evaluate(query.variable ?? '', caller?.variables ?? legVariables(leg)) };
      case 'POST channels/*': {
        const asked = this.#askedFor(id);
        if (asked === undefined) throw new Error(`${id} is ordered, and nobody has asked for it`);
        exchange.originate(asked.request, asked.orderedAtMs);
        return { id };
      }
      case 'DELETE channels/*':
        if (leg === undefined || !this.#isThere(id)) throw new AriRefusal(404, words);
        exchange.hangUp(id, query.reason === 'answered_elsewhere' ? 'answered-elsewhere' : 'normal', sentAtMs);
        return undefined;
      case 'DELETE bridges/*':
        if (!notes.remove(id)) throw new AriRefusal(404, words);
        return undefined;
      default:
        throw new Error(`the simulation's Asterisk does not know ${words}`);
    }
  }

  #application(): unknown {
    const { subscribed, hearing } = this.#truth;
    return { channel_ids: [...subscribed], endpoint_ids: [...hearing.keys()] };
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

function legState({ request, state }: LegChannel): unknown {
  return { id: request.legId, state: STATES[state] };
}

/** By which name the plan lays hands on an order. */
function portOf({ method, path, query }: AriOrder): PortName {
  const [, what = '', id = '', below] = path.split('/');
  if (what === 'bridges' && id !== '') return method === 'POST' ? 'notes.keep' : 'notes.remove';
  if (what === 'channels' && below === undefined && isOurs(id) && method !== 'GET')
    return method === 'POST' ? 'legs.dial' : 'legs.hangUp';
  return query?.eventSource?.startsWith('endpoint:') === true ? 'legs.hear' : 'requests.send';
}

function legVariables(leg: LegChannel | undefined): ReadonlyMap<string, string> {
  return new Map([
    ['XIVO_MAPP_LEG', leg?.request.checkpoint ?? ''],
    ['XIVO_MAPP_CALLER', leg?.request.forChannelId ?? ''],
    [CONNECTED_TO, leg?.connectedTo ?? ''],
  ]);
}

function evaluate(expression: string, variables: ReadonlyMap<string, string>): string {
  return expression
    .replace(/^EVAL\((.*)\)$/s, '$1')
    .replace(/\$\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? '');
}

/** What is named in a list of sources of events. */
function namesIn(sources = '', kind = 'channel:'): string[] {
  return sources.split(',').map((source) => source.slice(kind.length));
}
