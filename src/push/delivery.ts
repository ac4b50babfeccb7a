/**
 * One push from the call's wish to its result: the right service, attempt after attempt with pauses of our own, until it is delivered, is surely
 * hopeless, expires, or is called back. It must never reject, never go on after its end, and never put a token into the log.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Device, Log, Push, PushResult, WakeNotice } from '../call/ports.ts';
import { Deadline } from './deadline.ts';
import { Outage } from './outage.ts';
import type { Again, Answer, Attempt, OurFault, PushService } from './push-service.ts';

/** The first pause, in ms; each further one is twice as long, up to the longest. */
const firstPauseMs = 300;
const longestPauseMs = 4000;
/** Faults that are told of. There are few; a service that makes up words must not fill the log. */
const mostTold = 50;

export type PushServices = Readonly<Record<Device['platform'], PushService | undefined>>;

const missing: Readonly<Record<Device['platform'], string>> = {
  android: 'FCM is not configured: set FCM_CREDENTIALS_FILE',
  ios: 'APNs is not configured: set APNS_KEY_FILE, APNS_KEY_ID, APNS_TEAM_ID and APNS_TOPIC',
};

export class Delivery implements Push {
  private readonly services: PushServices;
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly underWay = new Set<Deadline>();
  /** What the operator has been told of. */
  private readonly told = new Set<string>();
  /** Whether pushes go through each service. */
  readonly outages: Readonly<Record<Device['platform'], Outage>>;
  private closed = false;

  constructor(services: PushServices, clock: Clock, log: Log) {
    this.services = services;
    this.outages = { android: new Outage('FCM', clock, log), ios: new Outage('APNs', clock, log) };
    this.clock = clock;
    this.log = log;
  }

  readonly wake: Push['wake'] = (device, notice, signal) =>
    this.deliver('wake', device, notice, signal, (service, attempt) => service.wake(device, notice, attempt));

  readonly tellEnded: Push['tellEnded'] = (device, notice, signal) =>
    this.deliver('end', device, notice, signal, (service, attempt) => service.tellEnded(device, notice, attempt));

  /** Ends what is under way; it settles as failed. */
  close(): void {
    this.closed = true;
    for (const deadline of this.underWay) deadline.end('closing');
  }

  private async deliver(
    what: 'wake' | 'end',
    device: Device,
    notice: WakeNotice,
    signal: AbortSignal,
    send: (service: PushService, attempt: Attempt) => Promise<Answer>,
  ): Promise<PushResult> {
    const service = this.services[device.platform];
    if (service === undefined)
      return this.tellOperator(device, { kind: 'our-fault', reason: missing[device.platform] });

    const deadline = new Deadline(this.clock, notice.expiresAtMs - this.clock.wallMs(), signal);
    if (this.closed) deadline.end('closing');
    this.underWay.add(deadline);
    try {
      const attempt = { pushId: randomUUID(), signal: deadline.signal, leftMs: deadline.leftMs };
      return await this.tryUntilOver(deadline, () => send(service, attempt), device, what);
    } catch (error) {
      this.log.error('a push failed for a reason of our own', { ...namesOf(device), error });
      return { kind: 'failed', reason: 'a fault in the router' };
    } finally {
      this.underWay.delete(deadline);
      deadline.end('closing');
    }
  }

  private async tryUntilOver(
    deadline: Deadline,
    send: () => Promise<Answer>,
    device: Device,
    what: 'wake' | 'end',
  ): Promise<PushResult> {
    const outage = this.outages[device.platform];
    // An iPhone is woken by another token than the one by which it is told of an end.
    const whose = `${device.userId} ${device.deviceId} ${what}`;
    let last: Again | undefined;
    for (let attempts = 1; deadline.over === undefined; attempts += 1) {
      const sinceMs = this.clock.nowMs();
      const answer = await deadline.within(settled(send(), deadline));
      if (answer === undefined) break;
      if (answer.kind === 'delivered' || answer.kind === 'dead-token') outage.works(whose);
      if (answer.kind === 'our-fault') return this.refused(answer, device, whose);
      if (answer.kind === 'broken') {
        outage.failed(answer.reason);
        return { kind: 'our-fault', reason: answer.reason };
      }
      if (answer.kind === 'failed') outage.failed(answer.reason, sinceMs);
      if (answer.kind !== 'again') return answer;
      last = answer;
      if (answer.refused !== undefined) outage.refused(answer.reason, answer.refused === 'all' ? undefined : whose);
      else if (!answer.ofToken) outage.failed(answer.reason, sinceMs);
      const pauseMs = pauseOf(answer, attempts);
      if (pauseMs >= deadline.leftMs()) return { kind: 'failed', reason: answer.reason };
      this.log.debug('a push is tried again', { ...namesOf(device), reason: answer.reason, pauseMs, attempts });
      await deadline.within(this.clock.sleep(pauseMs, deadline.signal).catch(() => undefined));
    }
    const why = deadline.over ?? 'expired';
    if (why === 'expired' && last === undefined) outage.failed('no answer before the push expired');
    return { kind: 'failed', reason: last === undefined ? why : `${why}; ${last.reason}` };
  }

  private refused({ reason, concerns }: OurFault, device: Device, whose: string): PushResult {
    const result: PushResult = { kind: 'our-fault', reason };
    if (concerns === 'token') return this.tellOperator(device, result);
    this.outages[device.platform].refused(reason, concerns === 'all' ? undefined : whose);
    return result;
  }

  /** Once for each fault, not for each call: the calls' own timelines have the rest. */
  private tellOperator(device: Device, result: PushResult & { reason: string }): PushResult {
    const fault = `${device.platform} ${result.reason}`;
    if (!this.told.has(fault) && this.told.size < mostTold) {
      this.told.add(fault);
      this.log.error('pushes fail for our own set-up; this is told once', {
        ...namesOf(device),
        reason: result.reason,
      });
    }
    return result;
  }
}

/** An attempt whose end nobody waits for any more may fail as it likes. */
async function settled(sending: Promise<Answer>, deadline: Deadline): Promise<Answer | undefined> {
  try {
    return await sending;
  } catch (error) {
    if (deadline.over !== undefined) return undefined;
    throw error;
  }
}

function namesOf(device: Device): { platform: string; userId: string; deviceId: string } {
  return { platform: device.platform, userId: device.userId, deviceId: device.deviceId };
}

/** As the service wishes, but never none: one that says "0" would be asked as fast as it can answer. */
function pauseOf({ afterMs }: Again, attempts: number): number {
  return afterMs === undefined ? pauseAfter(attempts) : Math.max(afterMs, firstPauseMs);
}

/** Longer and longer, and each a little different, so that those who failed together do not come back together. */
function pauseAfter(attempts: number): number {
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempts - 1));
  return Math.round(pauseMs * (0.75 + Math.random() * 0.5));
}
