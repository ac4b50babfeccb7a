/** Whoever answers may hang up again at once: between any two steps of the dialplan that connects it. The caller's call is then over, or goes on, and never waits for it. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.ts';

const FILE = new URL('../../../dialplan/xivo-mapp.conf', import.meta.url);
const HELD = /^ same => n(\(\w+\))?,|^exten => s,1,/;
const LAST = 'ChannelRedirect(';

/**
 * The steps of the leg's context until the caller is sent to it, each held back before it for as long as the global HOLD_<step> says, seconds; and what the
 * caller does then, for as long as HOLD_CALLER says.
 */
async function heldDialplan(): Promise<{ readonly dialplan: string; readonly steps: readonly string[] }> {
  const text = await readFile(FILE, 'utf8');
  const [before = '', rest = ''] = text.split(/^(?=\[xivo-mapp-leg\]$)/m);
  const end = rest.indexOf(LAST);
  const lines = rest.slice(0, end).split('\n');
  const steps: string[] = [];
  const held = lines.flatMap((line) => {
    if (!HELD.test(line)) return [line];
    steps.push(line);
    const hold = `Wait(\${HOLD_${steps.length - 1}})`;
    if (line.startsWith('exten')) return [`exten => s,1,${hold}`, line.replace('exten => s,1,', ' same => n,')];
    return [` same => n,${hold}`, line];
  });
  const ofCaller = rest
    .slice(end)
    .replace(/(?<=^\[xivo-mapp-answered\]\nexten => s,1,)/m, `Wait(\${HOLD_CALLER})\n same => n,`);
  return { dialplan: before + held.join('\n') + ofCaller, steps };
}

const { dialplan, steps } = await heldDialplan();

it('each step of the leg is held', () => {
  expect(steps.length).toBeGreaterThan(4);
  expect(steps.join()).toContain('LOCK(');
});

describe.each([16, 22] as const)('answered, and hung up at once, on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    const extraDialplan = `\n[globals](+)\nHOLD_CALLER=0\n${steps.map((_, step) => `HOLD_${step}=0\n`).join('')}`;
    lab = await startLab({ version, asterisk: { hookDialplan: dialplan, extraDialplan } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it.each(steps.map((_, step) => step))('before step %i: the call is over, and was answered', async (step) => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await lab.asterisk.cli(`dialplan set global HOLD_${step} 60`);
    const call = await lab.caller().call(alice);
    const there = await alice.webApp.answer();
    await expect.poll(() => lab.asterisk.cli('core show channels verbose')).toMatch(/xivo-mapp-leg .* Wait /);
    await lab.asterisk.cli(`dialplan set global HOLD_${step} 0`);
    await there.hangUp();
    await call.waitFor('ended');
    expect(alice.webApp.calls).toHaveLength(1);
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp', scenario: '' });
    expect(await lab.story(call)).toMatchObject({ outcome: 'answered', reason: 'webapp' });
    // The step of the caller who waits for a leg in vain.
    expect(await lab.asterisk.logTail(400)).not.toContain('LOCAL(tried)=100');
  });

  it('a caller who is seven seconds late talks to whoever has answered, and waits', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 7');
    const call = await lab.caller().call(alice);
    await alice.webApp.answer();
    await call.talksWith(alice.webApp);
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 0');
    await call.hangUp();
    expect(await lab.ending(call)).toMatchObject({ status: 'ANSWERED', reason: 'webapp' });
  });

  it('a caller who hangs up on the way to whoever has answered leaves nobody behind', async () => {
    const alice = await lab.user({ ringingDevice: 'WebApp' });
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 60');
    const call = await lab.caller().call(alice);
    const there = await alice.webApp.answer();
    await expect.poll(() => lab.asterisk.cli('core show channels verbose')).toMatch(/xivo-mapp-answered .* Wait /);
    await call.hangUp();
    await lab.asterisk.cli('dialplan set global HOLD_CALLER 0');
    await alice.webApp.waitFor('ended');
    expect(there.hasEnded).toBe(true);
  });
});
