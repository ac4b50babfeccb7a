/** Registrations on a real Asterisk: new ones, silent refreshes, and those that come at the worst moment. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Caller, Contact } from '../../../src/call/ports.ts';
import { type AriLab, SOON_MS, startAriLab } from './ari-lab.ts';

const MOBILE = 'PJSIP/mobile';

describe.each([16, 22] as const)('registrations on Asterisk %i', (version) => {
  let lab: AriLab;

  beforeAll(async () => {
    lab = await startAriLab(version);
  });
  afterEach(() => lab.clear());
  afterAll(() => lab.stop());

  const contactsNow = async (caller: Caller) =>
    (await caller.read({ variables: [], globals: [], contactsOf: [MOBILE] })).contacts;

  const watch = (caller: Caller, known: readonly Contact[], endpoints: readonly string[] = [MOBILE]) =>
    lab.watch(caller, known, endpoints);

  it('that are new are told at once', async () => {
    const { caller, call } = await lab.arrive('early');
    const { seen, close } = await watch(caller, []);
    const mobile = await lab.phone('mobile');
    await expect.poll(() => seen[0]).toMatchObject(lab.contactOf(mobile));
    await close();
    await close();
    await call.hangUp();
  });

  it('that came between the look and the watch are told before it resolves (EDGES 6)', async () => {
    const { caller, call } = await lab.arrive('early');
    const known = await contactsNow(caller);
    const mobile = await lab.phone('mobile');
    const { seen, close } = await watch(caller, known);
    expect(seen.map(({ uri }) => uri)).toEqual([lab.contactOf(mobile).uri]);
    await close();
    await call.hangUp();
  });

  it('that refresh silently are seen, and known ones are not told (EDGES 7)', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const known = await contactsNow(caller);
    const { seen, close } = await watch(caller, known);
    expect(seen).toEqual([]);
    const expiresAtSec = known[0]?.expiresAtSec ?? 0;
    await mobile.refresh(900);
    await expect.poll(() => seen[0]?.expiresAtSec ?? 0).toBeGreaterThan(expiresAtSec);
    expect(seen[0]?.uri).toBe(known[0]?.uri);
    await close();
    await call.hangUp();
  });

  it('that come back from another port, or come back after they were removed, are told', async () => {
    const mobile = await lab.phone('mobile');
    const { caller, call } = await lab.arrive('early');
    const { seen, close } = await watch(caller, await contactsNow(caller));
    await mobile.comeBackOnAnotherPort();
    await expect.poll(() => seen.map(({ uri }) => uri)).toEqual([lab.contactOf(mobile).uri]);
    await mobile.unregister();
    await mobile.register();
    await expect.poll(() => seen.map(({ uri }) => uri)).toContain(lab.contactOf(mobile).uri);
    await expect.poll(() => seen.length).toBeGreaterThan(1);
    await close();
    await call.hangUp();
  });

  it('are found by looking again', async () => {
    const { caller, call } = await lab.arrive('early');
    const { seen, lookAgain, close } = await watch(caller, []);
    await lookAgain();
    expect(seen).toEqual([]);
    const mobile = await lab.phone('mobile');
    await lookAgain();
    expect(seen[0]?.uri).toBe(lab.contactOf(mobile).uri);
    await close();
    await call.hangUp();
  });

  it('of one callee serve two calls, and the second goes on when the first has gone (EDGES 10)', async () => {
    const first = await lab.arrive('early');
    const second = await lab.arrive('early');
    const watches = [await watch(first.caller, []), await watch(second.caller, [])];
    await first.call.hangUp();
    await watches[0]?.close();
    const mobile = await lab.phone('mobile');
    await expect.poll(() => watches[1]?.seen[0]?.uri).toBe(lab.contactOf(mobile).uri);
    expect(watches[0]?.seen).toEqual([]);
    await watches[1]?.lookAgain();
    await mobile.refresh(900);
    await expect.poll(() => watches[1]?.seen.length, { timeout: SOON_MS }).toBeGreaterThan(1);
    await watches[1]?.close();
    await second.call.hangUp();
  });

  it('of endpoints that Asterisk does not know are none', async () => {
    const { caller, call } = await lab.arrive('early');
    const { seen, lookAgain, close } = await watch(caller, [], ['PJSIP/nobody', 'SIP/mobile', 'nonsense']);
    await lookAgain();
    expect(seen).toEqual([]);
    await close();
    await call.hangUp();
  });
});
