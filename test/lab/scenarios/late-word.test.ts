/**
 * Asterisk has connected caller and callee, and its word of that comes late, as from a machine that is out of breath: they have talked all the same, so the call was answered, whoever
 * hangs up before that word, and the mobile that took it is not told of a call that it missed.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';
import { LateWord } from '../rigs/late-word.ts';

describe.each([16, 22] as const)('Asterisk %i connects, and says so late', (version) => {
  let lab: Lab;
  let word: LateWord;
  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false });
    word = await LateWord.before(lab);
  });
  afterEach(() => lab.nothingRemains());
  afterAll(async () => {
    await lab?.stop();
    await word?.stop();
  });

  it.each(['caller', 'callee'] as const)('the %s has hung up by then: the call was answered', async (who) => {
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'awake' } });
    const connecting = word.hold(/\/addChannel\?channel=\S*-leg-/);
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await (who === 'caller' ? call : alice.mobile).hangUp();
    if (who === 'caller') await lab.ending(call);
    connecting.release();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'mobile' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'mobile' });
    expect(alice.mobile.pushes.filter(({ payload }) => payload.type === 'call-ended')).toEqual([]);
  });
});
