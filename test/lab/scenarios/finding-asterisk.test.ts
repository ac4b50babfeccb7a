/**
 * The router and an Asterisk that is not as it should be: what is wrong is said with the cure, and when the cause goes away, calls are routed without anybody's
 * help.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { endServer } from '../../../lab/rigs/between.ts';
import { listenOn, portOf, unhealthyBecause } from '../../../lab/rigs/sick-router.ts';
import { LabRouter, type RouterEnvironment } from '../../../lab/router.ts';

describe.each([16, 22] as const)('the router and Asterisk %i', (version) => {
  let lab: Lab;
  let ariConf: string;
  let usualAriConf: string;
  let usual: RouterEnvironment;

  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false });
    ariConf = join(lab.asterisk.runFolder, 'etc', 'ari.conf');
    usualAriConf = await readFile(ariConf, 'utf8');
    usual = lab.router.environment;
  });
  afterEach(async () => {
    try {
      // Before the router's user is taken away, so that it can clear up.
      await lab.nothingRemains();
    } finally {
      await writeAriConf(usualAriConf);
      await lab.router.terminate();
      lab.router.environment = usual;
    }
  });
  afterAll(() => lab?.stop());

  const writeAriConf = async (text: string): Promise<void> => {
    await writeFile(ariConf, text);
    await lab.asterisk.cli('module reload res_ari.so');
  };

  /** The proof that it works: a call. */
  const routesACall = async (): Promise<void> => {
    const alice = await lab.user({ ringingDevice: 'MobileApp' });
    const call = await lab.caller().call(alice);
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED' });
  };

  it('waits for an Asterisk that starts later than it', async () => {
    await lab.asterisk.kill();
    lab.router.launch();
    await unhealthyBecause(lab.router, /nothing listens at .*is Asterisk running/);
    await lab.asterisk.start();
    await lab.router.waitUntilHealthy();
    await routesACall();
  });

  it('a wrong password: says which settings, never shows it, and goes on once ari.conf has the user', async () => {
    lab.router.environment = { ...usual, ARI_USERNAME: 'router', ARI_PASSWORD: 'no-one-knows-this' };
    lab.router.launch();
    await unhealthyBecause(lab.router, /refuses our name or password \(HTTP 401\): ARI_USERNAME and ARI_PASSWORD/);
    await writeAriConf(`${usualAriConf}\n[router]\ntype=user\npassword=no-one-knows-this\npassword_format=plain\n`);
    await lab.router.waitUntilHealthy();
    await routesACall();
    expect(lab.router.log.tail(10_000)).not.toContain('no-one-knows-this');
  });

  it('ARI disabled: says so, and goes on once it is enabled', async () => {
    await writeAriConf(usualAriConf.replace('enabled=yes', 'enabled=no'));
    lab.router.launch();
    await unhealthyBecause(lab.router, /no ARI at .*\(HTTP 404\): set enabled=yes in ari\.conf/);
    await writeAriConf(usualAriConf);
    await lab.router.waitUntilHealthy();
    await routesACall();
  });

  it('another router takes the application name: the first says so and stands back, and comes back when the name is free', async () => {
    await lab.router.start();
    const port = await listenOn(0);
    const second = new LabRouter(`http://127.0.0.1:${portOf(port)}`, {
      ...usual,
      HTTP_PORT: String(portOf(port)),
      AGI_PORT: '0',
    });
    await endServer(port);
    try {
      await second.start();
      await unhealthyBecause(lab.router, /another connection has taken the application name xivo-mapp.*set ARI_APP/);
      await lab.router.log.waitFor(/ERROR no connection to Asterisk: another connection has taken/);
      await second.terminate();
      await lab.router.waitUntilHealthy();
      await routesACall();
    } finally {
      await second.kill();
    }
  });
});
