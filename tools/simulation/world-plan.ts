/**
 * One world of the simulation as plain data: who calls, what the callee's phones and pushes do, what fails and when. Everything that can differ between
 * two worlds stands here, so that a plan can be printed, played again and made smaller. Times are ms after the world's beginning
 * unless their name says otherwise. It must never hold a function.
 */
import type { HowLeft } from '../../src/call/errors.ts';
import type { RingingDevice } from '../../src/call/ports.ts';

/** What a phone does with one INVITE; ms count from the INVITE, `talksMs` from the answer. */
export interface TakePlan {
  readonly ringsAfterMs: number | undefined;
  /** `refused`: Asterisk refuses the order itself. */
  readonly does: 'answers' | 'declines' | 'busy' | 'fails' | 'nothing' | 'refused';
  readonly afterMs: number;
  readonly talksMs: number;
  /** Answers so long after it was hung up while ringing, as a 200 does that crosses the CANCEL. */
  readonly answersLateMs: number | undefined;
  /** Where it answers: another phone has taken the call while it rang here. */
  readonly pickedUp: boolean;
}

export interface PhonePlan {
  readonly name: string;
  readonly kind: 'mobile' | 'webapp';
  /** `asleep`: its contact is there, and nobody behind it. */
  readonly atFirst: 'registered' | 'asleep' | 'not-registered';
  /** One for each INVITE; the last one again for those that follow. */
  readonly takes: readonly TakePlan[];
  /** An INVITE to a contact with nobody behind it fails after so long; undefined: it hangs. */
  readonly deadContactFailsMs: number | undefined;
}

/** `refresh`: the same contact, without a word from Asterisk. `again`: removed and back at the same address. `other-port`: a second contact. */
export type RegistrationKind = 'refresh' | 'again' | 'other-port' | 'unregister';

export interface WakingPlan {
  /** After the push has arrived. */
  readonly afterMs: number;
  readonly phone: string;
  readonly how: RegistrationKind;
}

export interface DevicePlan {
  readonly deviceId: string;
  readonly platform: 'android' | 'ios';
  readonly push: 'delivered' | 'failed' | 'dead-token' | 'our-fault' | 'not-possible' | 'hangs';
  /** Until the service answers, and how long it still takes to settle once called back. */
  readonly answersMs: number;
  readonly settlesMs: number;
  /** Where the result does not say so: whether the push reaches the phone all the same. */
  readonly arrives: boolean;
  /** What the phone does on a push that reaches it. */
  readonly wakings: readonly WakingPlan[];
  /** Word of the call's end: delivered, or never answered. */
  readonly ended: 'delivered' | 'hangs' | 'not-possible';
}

export interface CallPlan {
  readonly atMs: number;
  /** The channel's media was up before it came to us. */
  readonly answered: boolean;
  readonly leaves:
    | {
        readonly when: 'after-arrival' | 'after-answer' | 'after-connect' | 'after-decision';
        readonly ms: number;
        /** Of its own will; because somebody else has answered; or moved elsewhere in the dialplan, which nobody does with one who talks. */
        readonly how: HowLeft;
      }
    | undefined;
}

/** Port calls on which the world can lay hands. */
export type PortName =
  | 'registry.callee'
  | 'registry.markTokenDead'
  | 'caller.read'
  | 'caller.write'
  | 'caller.answer'
  | 'caller.startHold'
  | 'caller.stopHold'
  | 'caller.giveBack'
  | 'caller.hangUp'
  | 'legs.dial'
  | 'legs.hangUp'
  /** Where a caller has gone that has left the application. */
  | 'caller.seek'
  /** The subscription to a leg's endpoint. */
  | 'legs.hear'
  | 'notes.keep'
  | 'notes.remove'
  | 'watch.open'
  | 'watch.look'
  | 'watch.close'
  /** What is asked of Asterisk after a connect. */
  | 'requests.send';

export interface TroublePlan {
  readonly port: PortName;
  /** The how many-th call of this port, from 1. */
  readonly nth: number;
  readonly slowMs: number;
  /** `after`: it takes effect, but the answer is lost. */
  readonly fails: 'before' | 'after' | undefined;
}

/** The router's process comes to its end, and perhaps another one begins. */
export interface RestartPlan {
  /** Counted from the world's beginning, or from the first time that this happens after the run's own beginning. */
  readonly when: 'at' | 'after-push' | 'after-dial' | 'after-answer' | 'after-connect' | 'after-decision';
  readonly ms: number;
  /** `stops`: it is asked to, and takes its time. */
  readonly how: 'dies' | 'stops';
  /** When the next one is connected, after the end of this one; undefined: never. */
  readonly backAfterMs: number | undefined;
  /** Whether each thing that was under way is done all the same, in order, and the last for all that follow. */
  readonly done: readonly boolean[];
}

export interface WorldPlan {
  readonly seed: number;
  readonly ringingDevice: RingingDevice;
  readonly globals: Readonly<Record<string, string>>;
  readonly ringSeconds: number;
  /** How long the message lasts that the caller hears. */
  readonly messageMs: number;
  readonly phones: readonly PhonePlan[];
  readonly devices: readonly DevicePlan[];
  readonly calls: readonly CallPlan[];
  /** What phones do by themselves. */
  readonly registrations: readonly { readonly atMs: number; readonly phone: string; readonly how: RegistrationKind }[];
  readonly troubles: readonly TroublePlan[];
  /** How long an order takes to reach Asterisk, and its answer to come back. */
  readonly reachMs: number;
  readonly replyMs: number;
  /** How long an event takes to reach us. */
  readonly eventMs: number;
  /** From a leg's answer until the dialplan has the lock, and from then until the caller is out of the application. */
  readonly connectMs: number;
  readonly redirectMs: number;
  /** `drop`: events are lost, and afterwards we look what is there. `closed`: so, and Asterisk knows. `stall`: they come all at once at its end. */
  readonly gaps: readonly {
    readonly atMs: number;
    readonly forMs: number;
    readonly kind: 'drop' | 'closed' | 'stall';
  }[];
  /** Each contact is told of twice, the second time so much later. */
  readonly contactsAgainMs: number | undefined;
  readonly wallJumps: readonly { readonly atMs: number; readonly byMs: number }[];
  /** One for each run of the router that comes to an end before the world does. */
  readonly restarts: readonly RestartPlan[];
}
