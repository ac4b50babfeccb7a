/**
 * Asterisk as the call sees it: wires requests, the event connection and the ports' adapters, and nothing else. Closing it leaves no socket and no
 * timer behind, and leaves Asterisk's channels alone.
 */
import { z } from 'zod';
import { PbxError } from '../call/errors.ts';
import type { Clock, Legs, Load, Log, Notes, Registrations } from '../call/ports.ts';
import type { LostCall } from '../call/router.ts';
import { readApplication, receiveOnly } from './app/application.ts';
import { Dispatcher } from './app/dispatcher.ts';
import { frameReader } from './app/frames.ts';
import { OwnDialplan } from './app/own-dialplan.ts';
import { Subscriptions } from './app/subscriptions.ts';
import { readAddress } from './ari/address.ts';
import { AriRequests, isGone } from './ari/client.ts';
import { wordsOfSilence } from './ari/diagnosis.ts';
import { isBroken } from './ari/errors.ts';
import { EventProbe } from './ari/event-probe.ts';
import { EventSocket } from './ari/event-socket.ts';
import { USED_TYPES } from './ari/events.ts';
import { Lateness } from './ari/lateness.ts';
import { Outage } from './ari/outage.ts';
import { DeadEnd } from './ari/session-shortage.ts';
import { AriLegs } from './channels/legs.ts';
import { AriRegistrations } from './registrations/registrations.ts';
import { Arrivals, type CallerHandler } from './resync/arrivals.ts';
import { AriNotes } from './resync/notes.ts';
import { resync } from './resync/resync.ts';
import { Strangers } from './resync/strangers.ts';
import { Strays } from './resync/strays.ts';

export interface AsteriskSettings {
  /** Where Asterisk's HTTP server is: `http://127.0.0.1:8088`, with its prefix if it has one. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Name of the Stasis application. */
  readonly app: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** Told of a call of an earlier run of the router that waits no more. */
type LostHandler = (lost: LostCall) => void;

export interface Asterisk {
  readonly load: Load;
  readonly legs: Legs;
  readonly notes: Notes;
  readonly registrations: Registrations;
  /** Says who takes callers, and begins to connect, so that no caller can come unheard. To be called once. */
  onCaller(handler: CallerHandler, onLost?: LostHandler): void;
  /** Resolves once the callers who were there before us have been found, or the first try to connect has failed. */
  firstTry(): Promise<void>;
  /** What is wrong with the connection to Asterisk and what cures it, in words; undefined while it stands. */
  trouble(): string | undefined;
  /** A global variable's value as the dialplan has it, quotes included; '' where it is not set. Rejects with PbxError. */
  global(name: string): Promise<string>;
  /** Sets a global variable. Rejects with PbxError. */
  setGlobal(name: string, value: string): Promise<void>;
  /** Ends connection and requests. Channels stay as they are. */
  close(): Promise<void>;
}

/** A ping may be on its way. */
const SILENT_MS = 4_000;

const GlobalValue = z.object({ value: z.string() });

/** Throws PbxError when the URL is none. Everything else that is wrong shows in trouble() and in the log. */
export function connectAsterisk(settings: AsteriskSettings): Asterisk {
  const { app, log, clock } = settings;
  const address = readAddress(settings.url, settings.username, settings.password);
  const outage = new Outage(log, clock);
  const lateness = new Lateness(clock);
  const requests = new AriRequests(
    address,
    {
      answered: () => {
        outage.answered();
        dead.passed();
      },
      // While there is no event connection, that is what is said.
      failed: (words) => {
        if (socket.isOpen()) outage.failed(words);
      },
      turnedAway: () => dead.refused(),
    },
    log,
    lateness,
  );
  // Without orders we are of no use to new callers: where Asterisk has no application of ours, the dialplan rings by itself.
  const dead = new DeadEnd(clock, () => {
    const { trouble } = requests;
    if (trouble !== undefined && socket.isOpen()) socket.giveUp(trouble);
  });
  const ownDialplan = new OwnDialplan(log);
  let lostHandler: LostHandler | undefined;
  let holding: Promise<void> | undefined;
  const tried = Promise.withResolvers<void>();
  const dispatcher = new Dispatcher({
    onArrival: (channel, args) => arrivals.take(channel, args),
    onReplaced: () => socket.replaced(),
    onCallerReplaced: (replacedId, channelId) => {
      registrations.callerReplaced(replacedId, channelId);
      legs.callerReplaced(replacedId, channelId);
    },
    hangUpStray: (channelId) => strays.take(channelId),
  });
  const strays = new Strays(requests, (channelId) => dispatcher.isOwned(channelId), log);
  const strangers = new Strangers({
    requests,
    dispatcher,
    app,
    log,
    onArrival: (channel, args) => dispatcher.isHere(channel, args),
    hangUpStray: (channelId) => strays.take(channelId),
  });
  const subscriptions = new Subscriptions(requests, app, log, clock);
  // Callers of an earlier run whose turn has not come will need what stands.
  const endUnused = async () => (arrivals.isEverybodySeen ? subscriptions.endUnused() : undefined);
  const registrations = new AriRegistrations({ requests, dispatcher, subscriptions, clock, log });
  const notes = new AriNotes(requests);
  const probe = new EventProbe(requests, app, clock);

  const readFrame = frameReader(dispatcher, log);
  const socket = new EventSocket({
    address,
    app,
    log,
    clock,
    onFrame: (frame) => {
      probe.felt();
      readFrame(frame);
    },
    answersElsewhere: () => requests.answersAnew(),
    // One answer in many that is wrong is no reason to let go of everything.
    checkApp: async () => {
      await probe.check().catch((error: unknown) => (isBroken(error) ? probe.check() : Promise.reject(error)));
      await endUnused();
      void requests.keep();
      // Beside it: nobody's events wait for what becomes of a stranger.
      void strangers.lookAgain();
    },
    cause: () => requests.trouble,
    isNameFree: () =>
      readApplication(requests, app).then(
        () => false,
        (error: unknown) => isGone(error),
      ),
    onLost: ({ kind }) => {
      tried.resolve();
      // What is kept is precious where there is no other to be had, and as dead as the rest where Asterisk has gone.
      requests.dropIdle(kind === 'silent');
      if (kind === 'silent') requests.dropStuck();
      if (kind === 'sessions-used-up') void requests.keep(true);
    },
    onOpen: async () => {
      legs.reconnected();
      const judgeStrays = strays.hold();
      await probe.check();
      // Without it all goes well, and costs more.
      await receiveOnly(requests, app, USED_TYPES).catch((error: unknown) =>
        log.debug('Asterisk sends events of all types', { error: String(error) }),
      );
      void requests.keep();
      // Before anybody is found who would ask for the same.
      await subscriptions.renew();
      await resync({
        requests,
        dispatcher,
        app,
        log,
        notes,
        legs,
        clock,
        onFound: (channel, args, left) => arrivals.take(channel, args, left),
        onLost: (lost) => lostHandler?.(lost),
      });
      // What is lost from now on is lost by ourselves, who know it.
      lostHandler = undefined;
      judgeStrays();
      tried.resolve();
      await registrations.renew();
      await endUnused();
    },
  });

  const legs = new AriLegs({
    requests,
    dispatcher,
    app,
    log,
    clock,
    subscriptions,
    isCaughtUp: () => socket.state().up,
    trouble: () => (socket.isOpen() ? undefined : socket.state().why),
  });

  const arrivals = new Arrivals({
    requests,
    app,
    dispatcher,
    ownDialplan,
    log,
    clock,
    onConnected: (legId, on, callerId) => legs.connected(legId, on, callerId),
    returnNoCall: (channel) => strangers.returnNoCall(channel),
  });

  return {
    load: { averageAnswerMs: () => lateness.averageMs(), isAnswering: () => lateness.isAnswering },
    legs,
    notes,
    registrations,
    onCaller(taker, onLost) {
      arrivals.takenBy(taker);
      lostHandler = onLost;
      holding ??= socket.hold();
    },
    firstTry: () => tried.promise,
    trouble: () => {
      const { up, why, silentMs = 0 } = socket.state();
      if (!up) return why;
      return requests.trouble?.words ?? (silentMs < SILENT_MS ? undefined : wordsOfSilence(silentMs, address));
    },
    async global(name) {
      const answer = await requests.send({ method: 'GET', path: '/asterisk/variable', query: { variable: name } });
      const { data } = GlobalValue.safeParse(answer);
      if (data === undefined) throw new PbxError(`Asterisk told the global ${name} in a form that is not that of ARI`);
      return data.value;
    },
    async setGlobal(name, value) {
      await requests.send({ method: 'POST', path: '/asterisk/variable', body: { variable: name, value } });
    },
    async close() {
      if (socket.state().up) await subscriptions.close();
      dead.close();
      await socket.close();
      legs.close();
      registrations.close();
      requests.close();
      await holding;
    },
  };
}
