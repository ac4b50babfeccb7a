/** The dialplan sends its calls to another application than the router has: no call comes, and the operator is told why; and told when it is set right, without a restart. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';

/** It is asked for every ten seconds. */
const PATIENCE_MS = 30_000;
const part = z.object({ ok: z.boolean(), why: z.string().optional() });
const health = z.object({ status: z.string(), parts: z.object({ dialplan: part }) });

describe.each([16, 22] as const)('the name of the application on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, globals: 'XIVO_MAPP_LOOPS_INTERVAL = 1' });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  const healthIs = async (status: string, why?: RegExp): Promise<void> => {
    let last = '';
    await awaitThat(
      async () => {
        const answer = await fetch(`${lab.router.url}/healthz`);
        last = await answer.text();
        const told = health.parse(JSON.parse(last));
        const fits = told.status === status && (why === undefined || why.test(told.parts.dialplan.why ?? ''));
        return answer.status === 200 && fits ? true : undefined;
      },
      PATIENCE_MS,
      async () => `/healthz never said ${status}, but ${last}\n${lab.router.log.tail()}`,
    );
  };

  it("is compared with the dialplan's, once connected and from then on, whether it is quoted or bare", async () => {
    await lab.asterisk.reloadGlobals('XIVO_MAPP_APP = "another-router"');
    await lab.router.start();
    await healthIs(
      'degraded',
      /the dialplan sends its calls to the application "another-router", the router has xivo-m/,
    );
    const line =
      /WARN {2}the dialplan sends its calls to the application "another-router".*: set XIVO_MAPP_APP = xivo-mapp/;
    await lab.router.log.waitFor(line);
    await lab.asterisk.reloadGlobals('XIVO_MAPP_APP = "xivo-mapp"');
    await healthIs('ok');
    await lab.router.log.waitFor(/INFO {2}the dialplan sends its calls to the application xivo-mapp again/);
    expect(lab.router.log.find(line)).toHaveLength(1);
    await lab.asterisk.reloadGlobals('XIVO_MAPP_APP = xivo-mapp');
    await lab.router.restart();
    await healthIs('ok');
    expect(lab.router.log.find(/the dialplan sends its calls/)).toHaveLength(2);
  });
});
