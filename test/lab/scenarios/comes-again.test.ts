/**
 * A caller who is given back in the very moment in which the event connection breaks, and whom the dialplan sends to the router again: for another user, or for the same. The end of the first visit goes
 * unheard; the second is a call of its own all the same.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { wakesOf } from '../../../lab/rigs/death.ts';
import { EventLine } from '../../../lab/rigs/event-line.ts';

/** The first visit is over soon; the second, by another device of the same user's, is not. */
const GLOBALS = `XIVO_MAPP_LOOPS_INTERVAL = 1
XIVO_MAPP_LOOPS_MOBILEAPP = 1
XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP = 60
XIVO_MAPP_MSG_SOUND = beep`;
/** The first user of a test has 1001, the second 1002. While no router is connected, the dialplan tries again. */
const visit = (userId: number): string => ` same => n,Set(XIVO_MAPP_STATUS=)
 same => n,Set(XIVO_MAPP_DEVICE=WebAppAndMobileApp)
 same => n,Stasis(xivo-mapp,${userId})
 same => n,GotoIf($["\${STASISSTATUS}" != "FAILED"]?over)
 same => n,Wait(0.05)
 same => n,Goto(again)
 same => n(over),Hangup(16)
`;
const DIALPLAN = `[from-extern](+)
exten => 5101,1,Stasis(xivo-mapp,1001)
 same => n(again),NoOp()
${visit(1001)}
exten => 5102,1,Stasis(xivo-mapp,1001)
 same => n(again),NoOp()
${visit(1002)}`;

describe.each([16, 22] as const)(
  'on Asterisk %i, the event connection breaks just as a caller is given back',
  (version) => {
    let lab: Lab;
    let line: EventLine;
    beforeAll(async () => {
      lab = await startLab({ version, startRouter: false, globals: GLOBALS, asterisk: { extraDialplan: DIALPLAN } });
      line = await EventLine.before(lab);
    });
    afterEach(() => lab.nothingRemains());
    afterAll(async () => {
      await lab?.stop();
      await line?.stop();
    });

    it('and it comes again for another user: that one is pushed, answers and talks', async () => {
      await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
      const bob = await lab.user({ ringingDevice: 'MobileApp' });
      const cut = line.cutInside(/"type":"StasisEnd"/);
      const call = await lab.caller().call('5102');
      await cut;
      await bob.mobile.answer();
      await call.talksWith(bob.mobile);
      await call.hangUp();
    });

    it('and it comes again for the same user: that is a call like any other', async () => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
      const cut = line.cutInside(/"type":"StasisEnd"/);
      const call = await lab.caller().call('5101');
      await cut;
      await expect.poll(() => wakesOf(alice.mobile)).toBe(2);
      await alice.mobile.wake();
      await alice.mobile.answer();
      await call.talksWith(alice.mobile);
      await call.hangUp();
    });
  },
);
