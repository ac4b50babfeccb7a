/**
 * Figures for Prometheus, taken from what calls note in their timelines anyway, so that no part of a call has to count anything.
 * It must never throw at a call, and never use a user, a number or a device as a label.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { CallHistory, TimelineEntry } from '../call/ports.ts';
import type { MetricsPage } from './needs.ts';

/** A call history that only counts, and the page that shows the counts. */
export interface Metrics extends MetricsPage {
  readonly callHistory: CallHistory;
}

const shownStages = ['waiting', 'ringing', 'talking'] as const;
const secondsFrom1Ms = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What must be remembered of a live call to measure it. Times are ms since it came. */
interface Measured {
  pushed: boolean;
  readonly platforms: Map<string, string>;
  /** Registrations that have not been dialled yet, by contact. */
  readonly registeredAtMs: Map<string, number>;
}

/**
 * @param stages how many calls are in each stage, asked when the page is
 * @param averageAnswerMs how long Asterisk takes to answer, likewise
 */
export function callMetrics(stages: () => Readonly<Record<string, number>>, averageAnswerMs: () => number): Metrics {
  const register = new Registry();
  const registers = [register];
  const calls = new Counter({
    name: 'xivo_mapp_calls_total',
    help: 'Calls that have ended, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  const pushes = new Counter({
    name: 'xivo_mapp_pushes_total',
    help: 'Wake-up pushes, by platform and result.',
    labelNames: ['platform', 'result'],
    registers,
  });
  new Gauge({
    name: 'xivo_mapp_live_calls',
    help: 'Calls that are waiting for a mobile, ringing or talking now.',
    labelNames: ['stage'],
    registers,
    collect() {
      const counts = stages();
      for (const stage of shownStages) this.set({ stage }, counts[stage] ?? 0);
    },
  });
  new Gauge({
    name: 'xivo_mapp_asterisk_answer_seconds',
    help: 'How long Asterisk takes to answer a request, on average over the last seconds.',
    registers,
    collect() {
      this.set(averageAnswerMs() / 1_000);
    },
  });
  const shed = new Counter({
    name: 'xivo_mapp_shed_calls_total',
    help: 'Calls that had to do without something, by what became of them: without-hold, pbx-slow, too-many-calls.',
    labelNames: ['admitted'],
    registers,
  });
  const registerToDial = new Histogram({
    name: 'xivo_mapp_register_to_dial_seconds',
    help: 'From hearing of a fresh registration to ordering the leg to it.',
    buckets: secondsFrom1Ms,
    registers,
  });
  const arrivalToPush = new Histogram({
    name: 'xivo_mapp_arrival_to_push_seconds',
    help: "From the call's arrival to handing over its first push.",
    buckets: secondsFrom1Ms,
    registers,
  });

  const live = new Map<string, Measured>();
  const observe = (histogram: Histogram, ms: number): void => {
    if (Number.isFinite(ms)) histogram.observe(Math.max(0, ms) / 1_000);
  };

  const measure = (call: Measured, { what, atMs, facts }: TimelineEntry): void => {
    const contact = String(facts.contact);
    switch (what) {
      case 'push-sent':
        call.platforms.set(String(facts.device), String(facts.platform));
        if (!call.pushed) observe(arrivalToPush, atMs);
        call.pushed = true;
        break;
      case 'push-result':
        pushes.inc({
          platform: call.platforms.get(String(facts.device)) ?? 'unknown',
          result: String(facts.result),
        });
        break;
      case 'load-shed':
        shed.inc({ admitted: String(facts.admitted) });
        break;
      case 'mobile-registered':
        call.registeredAtMs.set(contact, atMs);
        break;
      case 'leg-dialled': {
        const registeredAtMs = call.registeredAtMs.get(contact);
        if (registeredAtMs !== undefined) observe(registerToDial, atMs - registeredAtMs);
        call.registeredAtMs.delete(contact);
        break;
      }
      default:
    }
  };

  return {
    contentType: register.contentType,
    text: () => register.metrics(),
    callHistory: {
      open: ({ callId }) => {
        live.set(callId, { pushed: false, platforms: new Map(), registeredAtMs: new Map() });
      },
      name: () => undefined,
      note: (callId, entry) => {
        const call = live.get(callId);
        if (call !== undefined) measure(call, entry);
      },
      close: (callId, { outcome }) => {
        if (live.delete(callId)) calls.inc({ outcome });
      },
    },
  };
}

/** One call history that tells several. */
export function fanOut(...callHistories: readonly CallHistory[]): CallHistory {
  return {
    open: (record) => {
      for (const callHistory of callHistories) callHistory.open(record);
    },
    name: (callId, caller) => {
      for (const callHistory of callHistories) callHistory.name(callId, caller);
    },
    note: (callId, entry) => {
      for (const callHistory of callHistories) callHistory.note(callId, entry);
    },
    close: (callId, summary) => {
      for (const callHistory of callHistories) callHistory.close(callId, summary);
    },
  };
}
