/** Answers of Asterisk that come late, or never, while its events have said meanwhile what has become of a channel. */
import { expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { OwnDialplan } from '../../src/asterisk/app/own-dialplan.ts';
import { Subscriptions } from '../../src/asterisk/app/subscriptions.ts';
import { type AriOrder, AriRefusal, AriRequests } from '../../src/asterisk/ari/client.ts';
import { CalledOff } from '../../src/asterisk/ari/exchange.ts';
import { CallerChannel } from '../../src/asterisk/channels/caller.ts';
import { AriLegs } from '../../src/asterisk/channels/legs.ts';
import { CallerGone, PbxError, PbxLate } from '../../src/call/errors.ts';
import type { DialRequest, LegEvent } from '../../src/call/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { quietDispatcher } from './quiet-dispatcher.ts';

const APP = 'xivo-mapp';
const LEG = 'xm-0000000000000001-leg-0001';
const NOWHERE = { base: 'http://127.0.0.1/ari', host: '127.0.0.1', secure: false, authorization: '' };

/** Each order waits until the test answers it. */
class Answering extends AriRequests {
  readonly asked: string[] = [];
  readonly #waiting = new Map<string, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  readonly #answers: (words: string) => unknown;
  readonly #calledOff = new Map<string, AbortSignal | undefined>();

  /** @param answers what is answered at once; throws, or gives 'later' */
  constructor(answers: (words: string) => unknown) {
    super(NOWHERE);
    this.#answers = answers;
  }

  override async send({ method, path, calledOff }: AriOrder): Promise<unknown> {
    const words = `${method} ${path}`;
    this.#calledOff.set(words, calledOff);
    this.asked.push(words);
    const answer = this.#answers(words);
    if (answer !== 'later') return answer;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(words, { resolve, reject });
    return promise;
  }

  calledOff(words: string): boolean {
    return this.#calledOff.get(words)?.aborted === true;
  }

  refuse(words: string, error: Error): void {
    this.#waiting.get(words)?.reject(error);
  }
}

function channel(id: string, state: string) {
  return { id, name: '', state, caller: { name: '', number: '' }, dialplan: { app_name: '', app_data: '' } };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A leg whose order is not answered until the test says so. */
function dialLate(answers: (words: string) => unknown) {
  const order = `POST /channels/${LEG}`;
  const requests = new Answering((words) => (words === order ? 'later' : answers(words)));
  const dispatcher = quietDispatcher();
  const log = fakeLog();
  const subscriptions = new Subscriptions(requests, APP, log, systemClock);
  const legs = new AriLegs({
    ...{ requests, dispatcher, app: APP, log, subscriptions, clock: systemClock },
    isCaughtUp: () => true,
    trouble: () => undefined,
  });
  const told: LegEvent['kind'][] = [];
  const dialled = legs.dial(
    {
      legId: LEG,
      contact: { endpoint: 'PJSIP/alice', uri: 'sip:alice@10.0.0.1', expiresAtSec: undefined },
      ...{ on: 'mobile', calleeUserId: '7', ringMs: 1000, forChannelId: 'c1', checkpoint: 'checkpoint' },
      ...{ caller: { name: '', number: '' }, callee: { name: '', number: '' } },
    } satisfies DialRequest,
    ({ kind }) => told.push(kind),
  );
  return { requests, dispatcher, legs, told, dialled };
}

it('a leg that somebody has answered is told of, and not ended, though the answer to its order is lost', async () => {
  const order = `POST /channels/${LEG}`;
  const { requests, dispatcher, told, dialled } = dialLate(() => ({ endpoint_ids: [] }));
  await settled();
  dispatcher.take({ type: 'ChannelStateChange', channel: channel(LEG, 'Ringing') });
  expect(told).toEqual([]);
  dispatcher.take({ type: 'ChannelStateChange', channel: channel(LEG, 'Up') });
  const said = { eventname: 'xivo-mapp-connected', userevent: { to: 'mobile c1' } };
  dispatcher.take({ type: 'ChannelUserevent', ...said, channel: channel(LEG, 'Up') });
  expect(told).toEqual(['ringing', 'answered', 'connected']);
  requests.refuse(order, new PbxError('no answer within 5000 ms'));
  await dialled;
  await settled();
  expect(requests.asked.filter((words) => words.startsWith('DELETE /channels'))).toEqual([]);
});

it.each(['described', 'unreadable'] as const)(
  'a leg whose order was not answered in time is asked after, and rings on where Asterisk has it (%s)',
  async (kind) => {
    const order = `POST /channels/${LEG}`;
    const look = `GET /channels/${LEG}`;
    const { requests, told, dialled, dispatcher } = dialLate((words) => {
      if (words !== look) return { endpoint_ids: [] };
      if (kind === 'unreadable') throw new AriRefusal(500, 'no UTF-8');
      return channel(LEG, 'Ringing');
    });
    await settled();
    requests.refuse(order, new PbxLate('no answer within 60000 ms'));
    await dialled;
    await settled();
    expect(requests.asked.filter((words) => words.startsWith('DELETE'))).toEqual([]);
    dispatcher.take({ type: 'ChannelStateChange', channel: channel(LEG, 'Ringing') });
    dispatcher.take({ type: 'ChannelDestroyed', cause: 17, cause_txt: 'User busy', channel: channel(LEG, 'Down') });
    expect(told).toEqual(['ringing', 'ended']);
  },
);

it('a leg whose order was not answered in time, and which Asterisk does not have, is ordered once more, and has failed then', async () => {
  const { requests, told, dialled } = dialLate((words) => {
    if (words === `GET /channels/${LEG}`) throw new AriRefusal(404, 'not found');
    return { endpoint_ids: [] };
  });
  for (let times = 0; times < 2; times += 1) {
    await settled();
    requests.refuse(`POST /channels/${LEG}`, new PbxLate('no answer within 60000 ms'));
  }
  await expect(dialled).rejects.toThrow('no answer within');
  expect(told).toEqual([]);
});

it('a leg that is answered while it is asked after talks on, though Asterisk does not answer that either', async () => {
  const look = `GET /channels/${LEG}`;
  const { requests, told, dialled, dispatcher } = dialLate((words) =>
    words === look ? 'later' : { endpoint_ids: [] },
  );
  await settled();
  requests.refuse(`POST /channels/${LEG}`, new PbxLate('no answer within 60000 ms'));
  await settled();
  dispatcher.take({ type: 'ChannelStateChange', channel: channel(LEG, 'Up') });
  const said = { eventname: 'xivo-mapp-connected', userevent: { to: 'mobile c1' } };
  dispatcher.take({ type: 'ChannelUserevent', ...said, channel: channel(LEG, 'Up') });
  requests.refuse(look, new PbxLate('no answer within 60000 ms'));
  await dialled;
  expect(told).toEqual(['answered', 'connected']);
  expect(requests.asked.filter((words) => words.startsWith('DELETE'))).toEqual([]);
});

it('a leg whose id is taken is there: Asterisk has failed at the answer to its order, which was then sent again', async () => {
  const { requests, told, dialled } = dialLate((words) =>
    words === `GET /channels/${LEG}` ? channel(LEG, 'Ringing') : { endpoint_ids: [] },
  );
  await settled();
  requests.refuse(`POST /channels/${LEG}`, new AriRefusal(409, 'Channel with given unique ID already exists'));
  await dialled;
  await settled();
  expect(told).toEqual(['ringing']);
});

it('a leg that is hung up before its order was sent is never ordered, nor is its end', async () => {
  const { requests, legs, dialled } = dialLate(() => ({ endpoint_ids: [] }));
  await settled();
  const hungUp = legs.hangUp(LEG, 'not-needed');
  expect(requests.calledOff(`POST /channels/${LEG}`)).toBe(true);
  requests.refuse(`POST /channels/${LEG}`, new CalledOff('called off before it was sent'));
  await expect(dialled).rejects.toThrow('called off');
  await hungUp;
  expect(requests.asked.filter((words) => words.includes(LEG))).toEqual([`POST /channels/${LEG}`]);
});

it('a caller who hangs up while being given back has left, though that was found out in between', async () => {
  const write = 'GET /channels/c1/variable';
  const goesOn = 'POST /channels/c1/continue';
  let asked = 0;
  const requests = new Answering((words) => {
    if (words === write) {
      asked += 1;
      if (asked === 1) return 'later';
      // How it ends is told; by the time of the look it is gone.
      if (asked <= 3) return undefined;
    }
    if (words === goesOn) return 'later';
    throw new AriRefusal(404, words);
  });
  const log = fakeLog();
  const caller = new CallerChannel(channel('c1', 'Ring'), '7', {
    ...{ requests, app: APP, dispatcher: quietDispatcher(), ownDialplan: new OwnDialplan(log), log },
    onConnected: () => true,
    // What is waited for comes before the time is over.
    clock: { sleep: (ms) => (ms > 1000 ? new Promise(() => {}) : Promise.resolve()) },
  });
  const written = caller.write({ XIVO_MAPP_MEMORY: 'checkpoint' }).catch((error: unknown) => error);
  const given = caller.giveBack('NOANSWER', 'wait-over').catch((error: unknown) => error);
  await settled();
  requests.refuse(write, new AriRefusal(404, write));
  await written;
  requests.refuse(goesOn, new AriRefusal(404, goesOn));
  expect(await given).toBeInstanceOf(CallerGone);
  expect(caller.left.aborted).toBe(true);
});
