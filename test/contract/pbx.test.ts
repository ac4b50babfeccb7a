/** The PBX of the domain's stories, held to the same promises as the real one (test/lab/ari/contract.test.ts). */

import { VirtualClock } from '../../lab/fakes/clock.ts';
import { FakePbx, type PhoneScript } from '../../lab/fakes/pbx.ts';
import type { Caller } from '../../src/call/ports.ts';
import { pbxContract } from './pbx.contract.ts';
import type { PbxUnderTest, PhoneMood } from './pbx-under-test.ts';

const SCRIPTS: Readonly<Record<PhoneMood, PhoneScript>> = {
  rings: { ringsAfterMs: 20 },
  answers: { ringsAfterMs: 20, answersAfterMs: 60 },
  declines: { ringsAfterMs: 20, endsAfterMs: [60, 'declined'] },
  'is busy': { endsAfterMs: [20, 'busy'] },
};

const uriOf = (endpoint: string): string => `sip:${endpoint.slice('PJSIP/'.length)}@10.0.0.1`;

pbxContract('the fake PBX', async (): Promise<PbxUnderTest> => {
  const clock = new VirtualClock(1000);
  const over = new AbortController();
  // One fake serves one caller: each test's caller gets a fake of its own, and the ports go to the one in use.
  let pbx = new FakePbx(clock, over.signal);
  let endpoints = 0;
  const flowing = <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const settled = () => {
      done = true;
    };
    work.then(settled, settled);
    const flow = async () => {
      for (let steps = 0; !done && steps < 1000; steps += 1) await clock.advance(1);
    };
    void flow();
    return work;
  };
  const callers = new WeakMap<Caller, FakePbx>();
  return {
    legs: {
      dial: (request, onEvent) => flowing(pbx.legsPort.dial(request, onEvent)),
      adopt: (legId, onEvent) => pbx.legsPort.adopt(legId, onEvent),
      hangUp: (legId, reason) => flowing(pbx.legsPort.hangUp(legId, reason)),
    },
    notes: {
      keep: (callId, channelId, checkpoint) => flowing(pbx.notesPort.keep(callId, channelId, checkpoint)),
      answered: (callId, channelId, checkpoint, on) =>
        flowing(pbx.notesPort.answered(callId, channelId, checkpoint, on)),
      remove: (callId) => flowing(pbx.notesPort.remove(callId)),
    },
    registrations: {
      async watch(...what) {
        const watch = await flowing(pbx.registrationsPort.watch(...what));
        return {
          lookAgain: () => flowing(watch.lookAgain()),
          lookNow: () => flowing(watch.lookNow()),
          close: () => flowing(watch.close()),
        };
      },
    },
    newEndpoint() {
      endpoints += 1;
      return `PJSIP/contract-${endpoints}`;
    },
    async newCaller() {
      const contacts = pbx.contacts;
      const scripts = pbx.scripts;
      pbx = new FakePbx(clock, over.signal);
      pbx.contacts.push(...contacts);
      for (const [uri, script] of scripts) pbx.scripts.set(uri, script);
      const own = pbx;
      const bare = own.caller();
      const caller: Caller = {
        ...bare,
        read: (what) => flowing(bare.read(what)),
        write: (variables) => flowing(bare.write(variables)),
        answer: () => flowing(bare.answer()),
        startHold: (hold) => flowing(bare.startHold(hold)),
        stopHold: () => flowing(bare.stopHold()),
        giveBack: (status, reason) => flowing(bare.giveBack(status, reason)),
        hangUp: () => flowing(bare.hangUp()),
      };
      callers.set(caller, own);
      return { caller, leaves: async (how) => own.callerLeaves(how) };
    },
    async answers(endpoint) {
      pbx.connecting.answerNow(uriOf(endpoint));
    },
    async hangsUp(endpoint) {
      pbx.connecting.hangUpNow(uriOf(endpoint));
    },
    async areTalking(_, legId) {
      return pbx.legs.get(legId)?.state === 'connected' && pbx.talking;
    },
    async notedCalls() {
      return [...pbx.notes.keys()];
    },
    async unregister(endpoint) {
      pbx.unregister(endpoint, uriOf(endpoint));
    },
    async register(endpoint, mood) {
      pbx.register(endpoint, uriOf(endpoint), SCRIPTS[mood]);
    },
    async setVariable(caller, name, value) {
      callers.get(caller)?.variables.set(name, value);
    },
    async givenBack(caller) {
      const [given] = callers.get(caller)?.givenBack ?? [];
      return given ?? { status: 'not given back', reason: '' };
    },
    async until(what, isSo) {
      for (let steps = 0; !(await isSo()); steps += 1) {
        if (steps > 10_000) throw new Error(`it did not come to pass that ${what}`);
        await clock.advance(1);
      }
    },
    async nothingIsLeft() {
      for (const leg of pbx.legs.values()) if (leg.state !== 'ended') throw new Error(`${leg.request.legId} is left`);
      if (pbx.notes.size + pbx.openWatches > 0) throw new Error('a note or a watch is left');
    },
    async close() {
      over.abort();
    },
  };
});
