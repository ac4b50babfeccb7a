/** Asterisk's call logs (CDR, CEL) of a call by the router are those of a plain Dial() on the same Asterisk, through the same dialplan. What cannot be alike stands here by name. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { UserSpec } from '../../../lab/callee.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { answersAfter } from '../../../lab/phone/invite-policies.ts';
import { type Happens, type Logged, logged, loggedReplaced, loggedSettings } from '../../../lab/rigs/logged-calls.ts';
import { BY_DIAL, BY_ROUTER, deskUser, dialled } from '../../../lab/rigs/office.ts';

const THREE: Partial<UserSpec> = {
  ringingDevice: 'MobileApp',
  mobiles: [{ is: 'awake' }, { is: 'awake' }, { is: 'awake' }],
};

const talks: Happens = async (call, { webApp }) => {
  await webApp.answer();
  await call.talksWith(webApp);
};

const refuses =
  (status: number): Happens =>
  async (call, { webApp }) => {
    await webApp.refuse(status);
    await call.waitFor('ended');
  };

interface Case {
  readonly how: string;
  readonly spec?: Partial<UserSpec>;
  readonly happens: Happens;
  /** What the rows of the router's call say otherwise, row by row. */
  readonly but?: readonly Partial<Logged['rows'][number]>[];
}

const CASES: readonly Case[] = [
  {
    how: 'answered, and hung up by the caller',
    happens: async (call, user, lab) => {
      await talks(call, user, lab);
      await call.hangUp();
    },
  },
  {
    how: 'answered, and hung up by the callee',
    happens: async (call, user, lab) => {
      await talks(call, user, lab);
      await user.webApp.hangUp();
      await call.waitFor('ended');
    },
  },
  {
    how: 'missed, for the ring time is over',
    spec: { ringSeconds: 1 },
    happens: (call) => call.waitFor('ended'),
    // The second row is of what the dialplan does afterwards.
    but: [{}, { disposition: 'NO ANSWER' }],
  },
  { how: 'refused as busy', happens: refuses(486) },
  { how: 'declined', happens: refuses(603) },
  // The row says which scenario of the user follows: Dial() alone leads to that of congestion, the hook to that of no answer.
  { how: 'unreachable', happens: refuses(503), but: [{ disposition: 'NO ANSWER' }, { disposition: 'NO ANSWER' }] },
  {
    how: 'given up by the caller while it rings',
    happens: async (call, user) => {
      await Promise.all([user.webApp.waitFor('ringing'), call.waitFor('ringing')]);
      await call.hangUp();
    },
    // Asterisk takes it from the hangup cause before its hangup logic, unless a Dial() has said something else: an `h` that sets another comes too late.
    but: [{ disposition: 'FAILED' }],
  },
  {
    how: 'transferred by the caller',
    happens: async (call, user, lab) => {
      // While it rings: what is billed must not depend on how long this takes.
      const third = await deskUser(lab, BY_DIAL);
      third.webApp.phone.onInvite(answersAfter(0));
      await talks(call, user, lab);
      await call.sip.transferTo(dialled(third));
      await third.webApp.invited();
      await third.webApp.hears(user.webApp);
      await user.webApp.hangUp();
    },
  },
  {
    how: 'transferred by the callee',
    happens: async (call, user, lab) => {
      // While it rings: what is billed must not depend on how long this takes.
      const third = await deskUser(lab, BY_DIAL);
      third.webApp.phone.onInvite(answersAfter(0));
      await talks(call, user, lab);
      await user.webApp.call.transferTo(dialled(third));
      await third.webApp.invited();
      await call.talksWith(third.webApp);
      await call.hangUp();
    },
  },
];

describe.each([16, 22] as const)('the logs of Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(loggedSettings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each(CASES)('tell a call $how', async ({ spec = {}, happens, but = [] }) => {
    const byDial = await logged(lab, BY_DIAL, spec, happens);
    const rows = byDial.rows.map((row, index) => ({ ...row, ...but[index] }));
    expect(await logged(lab, BY_ROUTER, spec, happens)).toEqual({ ...byDial, rows });
  });

  it('tell a call whose caller was replaced while it rang', async () => {
    expect(await loggedReplaced(lab, BY_ROUTER)).toEqual(await loggedReplaced(lab, BY_DIAL));
  });

  it('tell that one of several mobiles has answered; of the others Dial() alone has rows', async () => {
    const happens: Happens = async (call, { mobiles, mobile }) => {
      await Promise.all(mobiles.map((one) => one.waitFor('ringing')));
      await mobile.answer();
      await call.talksWith(mobile);
      await call.hangUp();
    };
    const byDial = await logged(lab, BY_DIAL, THREE, happens);
    const rows = byDial.rows.filter(({ disposition }) => disposition === 'ANSWERED');
    expect(await logged(lab, BY_ROUTER, THREE, happens)).toEqual({ ...byDial, rows });
  });

  it('tell no answer of a caller who gives up while a mobile is woken', async () => {
    const spec: Partial<UserSpec> = { ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } };
    const { rows, parties } = await logged(lab, BY_ROUTER, spec, async (call, { mobile }) => {
      await Promise.all([mobile.waitForPush(), call.waitFor('ringing')]);
      await call.hangUp();
    });
    expect(rows).toMatchObject([{ disposition: 'FAILED', called: '', dst: 'as dialled' }]);
    expect(parties).toEqual(['trunk: CHAN_END CHAN_START HANGUP']);
  });
});
