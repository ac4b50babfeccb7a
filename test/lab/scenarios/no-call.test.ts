/**
 * A SIP MESSAGE to a user's number is no call: the dialplan passes it back at once. All messages of an Asterisk go through one channel; were it kept, nobody's message would be
 * handled any more.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { createPhone, type Phone } from '../../../lab/phone/phone.ts';
import { OWN_DIALPLAN } from '../../../lab/rigs/own-dial.ts';

const TEXTER = 'texter';
/** A site's context for messages, which leads to us as the one for calls does; by the number's first digit, each way to us. */
const MESSAGES_DIALPLAN = `${OWN_DIALPLAN}
[lab-messages]
exten => _1X.,1,Gosub(xivo-mapp,s,1(\${EXTEN}))
 same => n,Goto(told,1)
exten => _7X.,1,Set(XIVO_DSTID=\${EXTEN:1})
 same => n,Gosub(xivo-mapp-presubr,s,1)
 same => n,Goto(told,1)
exten => _8X.,1,Gosub(xivo-mapp-own-dial,s,1(\${EXTEN:1}))
 same => n,Goto(told,1)
exten => told,1,Log(NOTICE,LAB-MESSAGE \${MESSAGE(body)} \${XIVO_MAPP_STATUS} \${XIVO_MAPP_REASON})
 same => n,Hangup()
`;

describe.each([16, 22] as const)('a SIP MESSAGE on Asterisk %i', (version) => {
  let lab: Lab;
  let texter: Phone;
  beforeAll(async () => {
    const endpoints = [{ name: TEXTER, extra: ['message_context=lab-messages'] }];
    lab = await startLab({ version, asterisk: { endpoints, extraDialplan: MESSAGES_DIALPLAN } });
    const server = { host: lab.asterisk.sipHost, port: lab.asterisk.sipPort };
    texter = await createPhone({ user: TEXTER, password: TEXTER, server });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(async () => {
    await texter?.close();
    await lab?.stop();
  });

  it.each(['', '7', '8'])(
    'to a mobile user, by %j and the number, is passed back, and so is the next',
    async (prefix) => {
      const alice = await lab.user({ ringingDevice: 'MobileApp' });
      for (const word of ['first', 'second']) {
        expect(await texter.text(`${prefix}${alice.number}`, `${word}${prefix}`)).toBe(202);
        await awaitThat(
          async () =>
            (await lab.asterisk.logTail(200)).includes(`: LAB-MESSAGE ${word}${prefix} PASSED no-call`)
              ? true
              : undefined,
          10_000,
          () => lab.asterisk.logTail(40),
        );
      }
      expect(alice.mobile.requests).toEqual([]);
      expect(lab.router.log.find(/WARN|ERROR/)).toEqual([]);
    },
  );
});
