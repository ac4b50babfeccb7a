/**
 * Our dialplan, in which a leg that is answered can be held before each step until its caller is sent to it, a leg that has hung up before each step that follows, and
 * the caller before its first step then. Whatever takes microseconds otherwise can be met in the middle.
 *
 *     const { dialplan, globals, steps } = await heldLeg();   // for hookDialplan and extraDialplan
 *     await hold(lab, 3);                                     // before the fourth step, from now on
 *     await isHeld(lab);                                      // a leg is
 *     await release(lab, 3);
 *     await holdGone(lab, 'h2');                              // whoever has hung up, before the third step of h
 */
import { readFile } from 'node:fs/promises';
import { awaitThat } from '../asterisk/deadline.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';

const FILE = new URL('../../dialplan/xivo-mapp.conf', import.meta.url);
const STEP = /^(exten => s,1,| same => n(?:\(\w+\))?,)/;
const STEP_GONE = /^(exten => h,1| same => n(?:\(\w+\))?),/;
const LAST = 'ChannelRedirect(';
const HELD_S = 0.1;

/** For `holdGone`: whoever hangs up is held no more. */
export const NOWHERE = 'nowhere';

export interface HeldLeg {
  readonly dialplan: string;
  readonly globals: string;
  /** As they stand in the file. */
  readonly steps: readonly string[];
  /** The names of the steps of whoever hangs up when it has sent its caller on the way, for `holdGone`. */
  readonly stepsGone: readonly string[];
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
      const name = `s${steps.length - 1}`;
      return [
        `${first}Wait(\${IF($[${goesOn}]?0:0.1)})`,
        ` same => n,GotoIf($[${goesOn}]?:${label})`,
        ...gone(line.replace('exten => s,1,', ' same => n,'), name),
      ];
    });
  const [ofGone = '', ofCaller = ''] = rest.slice(end).split(/^(?=\[xivo-mapp-answered\]$)/m);
  const stepsGone = steps.map((_, step) => `s${step}`).slice(steps.findIndex((line) => line.includes('n(tell)')));
  const heldGone = ofGone.replace(/^exten => h,1,(?:.+\n)+\n/m, (lines) => {
    const named = lines
      .trimEnd()
      .split('\n')
      .map((line, step) => ({ line, name: `h${step}` }));
    stepsGone.unshift(
      ...named.filter(({ line }) => !/hangupsource|IMPORT|n\(over\)/.test(line)).map(({ name }) => name),
    );
    return `${named.flatMap(({ line, name }) => gone(line, name)).join('\n')}\n\n`;
  });
  const heldCaller = ofCaller.replace(
    'exten => s,1,',
    `exten => s,1(held),Wait(\${HOLD_CALLER})\n same => n,GotoIf($["\${HOLD_CALLER}" = "${HELD_S}"]?held)\n same => n,`,
  );
  const globals = `\n[globals](+)\nHOLD_GONE=${NOWHERE}\nHOLD_CALLER=0\n${steps.map((_, step) => `HOLD_${step}=0\n`).join('')}`;
  return { dialplan: before + held.join('\n') + heldGone + heldCaller, globals, steps, stepsGone };
}

/** Wait() does not wait once the channel has hung up. */
function gone(line: string, name: string): string[] {
  const [, start = ''] = STEP_GONE.exec(line) ?? [];
  const isHeldHere = `"\${HOLD_GONE}" = "${name}"`;
  return [
    `${start},GotoIf($[${isHeldHere}]?:${name}on)`,
    ` same => n(${name}),System(sleep ${HELD_S})`,
    ` same => n,GotoIf($[${isHeldHere}]?${name})`,
    ` same => n(${name}on),${line.slice(start.length + 1)}`,
  ];
}

export async function holdGone(lab: Lab, step: string): Promise<void> {
  await lab.asterisk.cli(`dialplan set global HOLD_GONE ${step}`);
}

export async function holdCaller(lab: Lab): Promise<void> {
  await lab.asterisk.cli(`dialplan set global HOLD_CALLER ${HELD_S}`);
}

export async function releaseCaller(lab: Lab): Promise<void> {
  await lab.asterisk.cli('dialplan set global HOLD_CALLER 0');
}

export async function hold(lab: Lab, step: number): Promise<void> {
  await lab.asterisk.cli(`dialplan set global HOLD_${step} 1`);
}

export async function release(lab: Lab, step: number): Promise<void> {
  await lab.asterisk.cli(`dialplan set global HOLD_${step} 0`);
}

export async function isHeld(lab: Lab): Promise<void> {
  await channelsShow(lab, /xivo-mapp-leg .* Wait /);
}

export async function isHeldGone(lab: Lab): Promise<void> {
  await channelsShow(lab, /xivo-mapp-leg .* System /);
}

export async function isOnTheWay(lab: Lab): Promise<void> {
  await channelsShow(lab, /xivo-mapp-answered .* Wait /);
}

/** Of a caller who was released: it is in a bridge, whoever else is in it, or its call is over. */
export async function isBridgedOrOver(lab: Lab): Promise<void> {
  await channelsShow(lab, /^(?![\s\S]*xivo-mapp-answered )|xivo-mapp-answered .* Bridge .* [0-9a-f]{8}-[0-9a-f]/);
}

async function channelsShow(lab: Lab, what: RegExp): Promise<void> {
  const channels = () => lab.asterisk.cli('core show channels verbose');
  await awaitThat(async () => what.exec(await channels()) ?? undefined, SOON_MS, channels);
}
