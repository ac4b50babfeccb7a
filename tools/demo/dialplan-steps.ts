/**
 * What the dialplan did with one channel, out of Asterisk's own log. Only the steps that matter to a call are told; the log keeps the rest.
 */
import { readFile } from 'node:fs/promises';

export interface DialplanStep {
  /** ms since 1970. */
  readonly wallMs: number;
  readonly what: string;
}

const STEP =
  /^\[(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3})\] VERBOSE\[\d+\](?:\[[^\]]+\])? pbx\.c: Executing \[([^@\]]+)@([^:\]]+):(\d+)\] (\w+)\("([^"]*)", "(.*)"\)/;

/** The steps of the channel of that name, oldest first. */
export async function dialplanSteps(logFile: string, channel: string): Promise<DialplanStep[]> {
  const steps: DialplanStep[] = [];
  let wasInStasis = false;
  for (const line of (await readFile(logFile, 'utf8')).split('\n')) {
    const [, date, time, extension = '', context = '', , application = '', of, args = ''] = STEP.exec(line) ?? [];
    if (of !== channel) continue;
    const wallMs = Date.parse(`${date}T${time}Z`);
    // A channel that is hung up in Stasis goes nowhere but to the lab's own note of how it ended.
    if (wasInStasis && context !== 'lab-ending') steps.push({ wallMs, what: 'the dialplan has the channel back' });
    wasInStasis = application === 'Stasis';
    const what = told(context, extension, application, args);
    if (what !== undefined) steps.push({ wallMs, what });
  }
  return steps;
}

function told(context: string, extension: string, application: string, args: string): string | undefined {
  if (application === 'Gosub' && args.startsWith('xivo-mapp,')) return `dialplan: did → user → Gosub(${args})`;
  if (application === 'Ringing' && context === 'xivo-mapp-route') return 'Ringing()';
  if (application === 'Stasis') return `Stasis(${args})`;
  if (application === 'Dial') return `Dial(${args})`;
  if (application === 'Playback' && context === 'user') return `scenario ${extension}: Playback(no-answer)`;
  if (application === 'Hangup' && context === 'user') return `scenario ${extension}: Hangup(${args})`;
  return undefined;
}
