/** Whom the caller is told to talk to: the callee's name as it is, whatever it is made of; and nobody where the callee does not want to be known. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';

/** What Asterisk's dialplan might take for its own. */
const NAMES = [
  'Bob Sales',
  'Bob (Sales',
  'Bob) Sales',
  'Bob :) x',
  'B {o',
  'B }o',
  'B $[1',
  `B \${EXTEN}`,
  'B | C',
  'B, C',
  'B:0:0',
];
const HIDDEN = `callerid_privacy=prohib\n`;

/** The seats' UC Assistants have these names, one after another: first the hidden ones. The trunk is told of nobody who is hidden. */
const ENDPOINTS = [...NAMES, ...NAMES]
  .map((name, index) => {
    const hidden = index < NAMES.length ? HIDDEN : '';
    return `[uc-${index + 1}](+type=endpoint)\ncallerid=${name} <20${String(index + 1).padStart(2, '0')}>\n${hidden}`;
  })
  .join('');
const TRUNK = '[trunk](+type=endpoint)\ntrust_id_outbound=no\n';

describe.each([16, 22] as const)('the callee on Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ version, seats: 2 * NAMES.length, asterisk: { extraPjsip: ENDPOINTS + TRUNK } });
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  /** What the caller is told by the end of a talk with each of them. */
  const toldOf = async (): Promise<
    ReadonlyMap<string, { readonly names: readonly string[]; readonly wire: string }>
  > => {
    const told = new Map();
    for (const _ of ENDPOINTS.matchAll(/\[uc-/g)) {
      const callee = await lab.user({ ringingDevice: 'WebApp' });
      const call = await lab.caller().call(callee);
      await callee.webApp.answer();
      await call.talksWith(callee.webApp);
      await call.hangUp();
      const wire = call.caller.phone.trace.entries.map(({ text }) => text).join('\n');
      told.set(callee.webApp.endpoint, { names: call.record.connectedLines.map(({ name }) => name), wire });
    }
    return told;
  };

  it('is told of by the name that it has, and not at all where it is hidden', async () => {
    const told = await toldOf();
    for (const [index, name] of NAMES.entries()) {
      const hidden = told.get(`PJSIP/uc-${index + 1}`);
      expect({ name, told: hidden?.names }).toEqual({ name, told: [] });
      expect(hidden?.wire).not.toMatch(/^(P-Asserted-Identity|Remote-Party-ID):/im);
      const shown = told.get(`PJSIP/uc-${NAMES.length + index + 1}`);
      expect({ name, told: shown?.names.at(-1) }).toEqual({ name, told: name });
    }
    expect(await lab.asterisk.logTail(20_000)).not.toContain('Unknown combined presentation');
  });
});
