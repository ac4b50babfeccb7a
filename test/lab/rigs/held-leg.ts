/**
 * Our dialplan, in which a leg that is answered can be held before each step until its caller is sent to it, and the caller before its first step then. Whatever
 * takes microseconds otherwise can be met in the middle.
 *
 *     const { dialplan, globals, steps } = await heldLeg();   // for hookDialplan and extraDialplan
 *     await hold(lab, 3);                                     // before the fourth step, from now on
 *     await isHeld(lab);                                      // a leg is
 *     await release(lab, 3);
 */
import { readFile } from 'node:fs/promises';
import { awaitThat } from '../asterisk/deadline.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';

const FILE = new URL('../../../dialplan/xivo-mapp.conf', import.meta.url);
const STEP = /^(exten => s,1,| same => n(?:\(\w+\))?,)/;
const LAST = 'ChannelRedirect(';

export interface HeldLeg {
  readonly dialplan: string;
  readonly globals: string;
  /** As they stand in the file. */
  readonly steps: readonly string[];
}

export async function heldLeg(): Promise<HeldLeg> {
  const text = await readFile(FILE, 'utf8');
  const [before = '', rest = ''] = text.split(/^(?=\[xivo-mapp-leg\]$)/m);
  const end = rest.indexOf('\n', rest.indexOf(LAST)) + 1;
  const steps: string[] = [];
  const held = rest
    .slice(0, end)
    .split('\n')
    .flatMap((line) => {
      if (!STEP.test(line)) return [line];
      // Once it has hung up nothing may hold it any more.
      const goesOn = `"\${HOLD_${steps.length}}" = "0" | "\${XIVO_MAPP_STAYS}" = "0"`;
      const label = `held${steps.length}`;
      const first = line.startsWith('exten') ? `exten => s,1(${label}),` : ` same => n(${label}),`;
      steps.push(line);
      return [
        `${first}Wait(\${IF($[${goesOn}]?0:0.1)})`,
        ` same => n,GotoIf($[${goesOn}]?:${label})`,
        line.replace('exten => s,1,', ' same => n,'),
      ];
    });
  const ofCaller = rest
    .slice(end)
    .replace(/(?<=^\[xivo-mapp-answered\]\nexten => s,1,)/m, `Wait(\${HOLD_CALLER})\n same => n,`);
  const globals = `\n[globals](+)\nHOLD_CALLER=0\n${steps.map((_, step) => `HOLD_${step}=0\n`).join('')}`;
  return { dialplan: before + held.join('\n') + ofCaller, globals, steps };
}

export async function hold(lab: Lab, step: number): Promise<void> {
  await lab.asterisk.cli(`dialplan set global HOLD_${step} 1`);
}

export async function release(lab: Lab, step: number): Promise<void> {
  await lab.asterisk.cli(`dialplan set global HOLD_${step} 0`);
}

export async function isHeld(lab: Lab): Promise<void> {
  const channels = () => lab.asterisk.cli('core show channels verbose');
  await awaitThat(async () => /xivo-mapp-leg .* Wait /.exec(await channels()) ?? undefined, SOON_MS, channels);
}
