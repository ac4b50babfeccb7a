/**
 * What the router asks of a caller's channel, asked again and again while the channel runs one application after another, changes its variables and
 * goes from context to context: Asterisk must bear it. CHANNEL(appname), asked so, ends it within 50 ms.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type LabAsterisk, startAsterisk } from '../../../lab/asterisk/asterisk.ts';
import { ask, variableQuestion } from '../../../src/asterisk/app/expressions.ts';
import { DIALPLAN_QUESTION, GOES_FREE, STAYS } from '../../../src/asterisk/app/own-dialplan.ts';
import { variableOrder } from '../../../src/asterisk/app/variable-order.ts';
import { readAddress } from '../../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../../src/asterisk/ari/client.ts';
import { contactQuestions } from '../../../src/asterisk/registrations/contacts.ts';
import { VARIABLE_NAMES } from '../../../src/call/plan.ts';

/** Nothing here waits. */
const RESTLESS = `[lab-restless]
exten => s,1,Set(CHANNEL(musicclass)=\${STRFTIME(,,%s.%6q)})
 same => n,Set(CALLERID(pres)=prohib)
 same => n,Set(TIMEOUT(absolute)=400)
 same => n,Set(XIVO_MAPP_PATIENCE=\${RAND(100,999)})
 same => n,Set(XIVO_MAPP_MEMORY=\${RAND(100,999)})
 same => n,Gosub(xivo-mapp-restless,s,1)
 same => n,Set(CALLERID(pres)=allowed)
 same => n,Set(CHANNEL(musicclass)=)
 same => n,Goto(s,1)
[xivo-mapp-restless]
exten => s,1,Set(XIVO_MAPP_LIMIT=\${RAND(1,9)})
 same => n,Set(XIVO_MAPP_PATIENCE=)
 same => n,Return()
`;
const TIMES = 300;
const AT_ONCE = 4;

describe.each([16, 22] as const)('Asterisk %i', (version) => {
  let asterisk: LabAsterisk;
  beforeAll(async () => {
    asterisk = await startAsterisk({ version, endpoints: [{ name: 'alice' }], extraDialplan: RESTLESS });
  });
  afterAll(() => asterisk?.stop());

  it('bears what the router asks of a channel, whatever that does meanwhile', async () => {
    await asterisk.cli('channel originate Local/s@lab-restless extension s@lab-idle');
    const channels = z.array(z.object({ id: z.string(), name: z.string() }));
    const found = channels.parse((await asterisk.ari('GET', '/channels')).body).find(({ name }) => name.endsWith(';2'));
    const channelId = found?.id ?? '';
    const requests = new AriRequests(readAddress(asterisk.ariUrl, asterisk.ariUsername, asterisk.ariPassword));
    const questions = [
      DIALPLAN_QUESTION,
      STAYS,
      ...GOES_FREE,
      ...[...VARIABLE_NAMES, 'CHANNEL(rtcp,txcount)', 'XIVO_MAPP_STATUS'].map(variableQuestion),
      ...contactQuestions(['PJSIP/alice']),
    ];
    const asking = async () => {
      for (let times = 0; times < TIMES; times += 1) {
        const [answer] = await ask(requests, channelId, questions);
        expect(answer).toBe('1,1,1,1');
        await requests.send(variableOrder(channelId, 'XIVO_MAPP_MEMORY', 'checkpoint'));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, asking));
    requests.close();
    await asterisk.cli('channel request hangup all');
    await asterisk.awaitNothingLeft();
  });
});
