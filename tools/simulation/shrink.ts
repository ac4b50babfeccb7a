/**
 * Makes a plan smaller as long as it still fails: first whole parts are left out, in halves and then one by one, then what remains is made plainer. Works
 * on the plan's data alone and knows no invariant; whoever calls it says what `fails` means.
 */
import type { CallPlan, DevicePlan, PhonePlan, RestartPlan, WorldPlan } from './world-plan.ts';

/** Plans that are tried at most, so that shrinking ends in a few seconds. */
const MOST_TRIES = 3000;

export async function shrink(plan: WorldPlan, fails: (plan: WorldPlan) => Promise<boolean>): Promise<WorldPlan> {
  let smallest = plan;
  let tries = 0;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (same(candidate, smallest)) continue;
      tries += 1;
      if (tries > MOST_TRIES) return smallest;
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

/** Each of these is plainer than the plan by its own measure, so that no two of them can be made out of each other. */
function* smaller(plan: WorldPlan): Iterable<WorldPlan> {
  for (const calls of fewer(plan.calls)) if (calls.length > 0) yield { ...plan, calls };
  for (const devices of fewer(plan.devices)) yield { ...plan, devices };
  for (const phones of fewer(plan.phones)) yield { ...plan, phones };
  for (const registrations of fewer(plan.registrations)) yield { ...plan, registrations };
  for (const troubles of fewer(plan.troubles)) yield { ...plan, troubles };
  for (const gaps of fewer(plan.gaps)) yield { ...plan, gaps };
  for (const wallJumps of fewer(plan.wallJumps)) yield { ...plan, wallJumps };
  for (const globals of fewer(Object.entries(plan.globals))) yield { ...plan, globals: Object.fromEntries(globals) };
  for (const restarts of fewer(plan.restarts)) yield { ...plan, restarts };
  yield { ...plan, contactsAgainMs: undefined };
  yield { ...plan, reachMs: 0, replyMs: 0 };
  if (plan.reachMs > 1) yield { ...plan, reachMs: 1, replyMs: 1 };
  yield { ...plan, eventMs: 0 };
  yield { ...plan, connectMs: 0, redirectMs: 0 };
  yield { ...plan, messageMs: 0 };
  for (const phones of eachPlainer(plan.phones, plainerPhone)) yield { ...plan, phones };
  for (const devices of eachPlainer(plan.devices, plainerDevice)) yield { ...plan, devices };
  for (const calls of eachPlainer(plan.calls, plainerCall)) yield { ...plan, calls };
  for (const troubles of eachPlainer(plan.troubles, function* (trouble) {
    yield { ...trouble, slowMs: 0 };
  }))
    yield { ...plan, troubles };
  for (const restarts of eachPlainer(plan.restarts, plainerRestart)) yield { ...plan, restarts };
  for (const registrations of eachPlainer(plan.registrations, function* (registration) {
    yield { ...registration, how: 'refresh' as const };
  }))
    yield { ...plan, registrations };
}

/** A list without one half, without one quarter, and so on down to without one. */
function* fewer<T>(list: readonly T[]): Iterable<readonly T[]> {
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < list.length; from += size) yield list.toSpliced(from, size);
  }
}

function* eachPlainer<T>(list: readonly T[], plainer: (one: T) => Iterable<T>): Iterable<readonly T[]> {
  for (const [index, one] of list.entries()) for (const other of plainer(one)) yield list.with(index, other);
}

function* plainerPhone(phone: PhonePlan): Iterable<PhonePlan> {
  for (const takes of fewer(phone.takes)) if (takes.length > 0) yield { ...phone, takes };
  yield { ...phone, atFirst: 'registered' };
  yield { ...phone, deadContactFailsMs: undefined };
  for (const takes of eachPlainer(phone.takes, function* (take) {
    yield { ...take, answersLateMs: undefined };
    yield { ...take, pickedUp: false };
    yield { ...take, does: 'nothing' as const };
    yield { ...take, ringsAfterMs: undefined };
    yield { ...take, talksMs: 1000 };
    yield { ...take, afterMs: 1000 };
  }))
    yield { ...phone, takes };
}

function* plainerDevice(device: DevicePlan): Iterable<DevicePlan> {
  for (const wakings of fewer(device.wakings)) yield { ...device, wakings };
  yield { ...device, push: 'delivered' };
  yield { ...device, ended: 'delivered' };
  yield { ...device, answersMs: 0, settlesMs: 0 };
}

function* plainerCall(call: CallPlan): Iterable<CallPlan> {
  yield { ...call, leaves: undefined };
  if (call.leaves !== undefined) yield { ...call, leaves: { ...call.leaves, how: 'hung-up' } };
  yield { ...call, answered: false };
  yield { ...call, atMs: 0 };
}

function* plainerRestart(restart: RestartPlan): Iterable<RestartPlan> {
  yield { ...restart, done: [true] };
  yield { ...restart, how: 'dies' };
  if (restart.backAfterMs !== 500) yield { ...restart, backAfterMs: 500 };
}

function same(one: WorldPlan, other: WorldPlan): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
