/**
 * What the dialplan makes of XIVO_CALLOPTIONS, however a site has written them: those of Dial() that Bridge() has as well are handed on, a number is read as
 * Dial() reads it, and no character switches on what nobody has asked for.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { SOON_MS } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';

/** The channel stays until it has been read. */
const DIALPLAN = `
[lab-options]
exten => s,1,Gosub(xivo-mapp-options,s,1)
 same => n,Set(LAB_READ=1)
 same => n,Wait(30)
`;
const READ = ['BRIDGE', 'GOES_ON', 'CALLER_KEYS', 'CALLEE_KEYS'].map((name) => `\${XIVO_MAPP_${name}}`).join('|');

const PRINTABLE = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

describe.each([16, 22] as const)('XIVO_CALLOPTIONS on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, startRouter: false, asterisk: { extraDialplan: DIALPLAN } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  let made = 0;

  /** What BRIDGE, GOES_ON, CALLER_KEYS and CALLEE_KEYS are then. */
  async function read(options: string): Promise<string> {
    const { ari } = lab.asterisk;
    made += 1;
    const id = `options-${made}`;
    // The other half of the pair is the one that runs the dialplan.
    const query = { endpoint: 'Local/s@lab-options/n', extension: 'none', context: 'lab-options' };
    const other = `${id}-dialplan`;
    await ari(
      'POST',
      `/channels/${id}`,
      { ...query, otherChannelId: other },
      { variables: { XIVO_CALLOPTIONS: options } },
    );
    const value = (variable: string) => channelVariable(lab.asterisk, other, variable);
    await awaitThat(
      async () => ((await value('LAB_READ')) === '1' ? true : undefined),
      SOON_MS,
      async () => options,
    );
    const found = await value(`EVAL(${READ})`);
    await ari('DELETE', `/channels/${id}`);
    return found ?? '';
  }

  it.each([
    ['', 'x|||'],
    ['tTxXhHg', 'xtThH|1|X|X'],
    ['L(60000:30000:10000)tT', 'xtTL(60000:30000:10000)|||'],
    ['S(3)', 'xL(3000:3000)|||'],
    ['S( 3 )', 'xL(3000:3000)|||'],
    ['S(1.5)t', 'xtL(1000:1000)|||'],
    ['S(-5)', 'x|||'],
    ['S(x)', 'x|||'],
    ['S()', 'x|||'],
    ['L(-3000)', 'x|||'],
    ['L(3000)S(9)', 'xL(3000:3000)|||'],
    ['L(2000:5000)', 'xL(2000:2000)|||'],
    ['b(pre^s^1(gxX))t', 'xt|||'],
    ['F(ctx^s^1)', 'xF(ctx^s^1)|||'],
    ['t T', 'xtT|||'],
  ])('%j is taken as %j', async (options, taken) => {
    expect(await read(options)).toBe(taken);
  });

  it('any character: what stands around it is taken all the same, and what it does not name is not switched on', async () => {
    for (const char of PRINTABLE.filter((one) => !/[A-Za-z()]/.test(one))) {
      expect([char, await read(`t${char}T`)]).toEqual([char, 'xtT|||']);
    }
  });
});
