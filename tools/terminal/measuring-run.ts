/**
 * How a long run of ours begins and ends, whatever it measures: progress on standard error, Ctrl-C, and words for what went wrong. It never ends the process
 * itself, and knows nothing of what is measured.
 */
import { FetchError } from '../../lab/asterisk/apt.ts';
import { Interruption } from './interruption.ts';
import { ProgressLine } from './progress-line.ts';

/**
 * Gives the exit status: the work's own, 1 when it failed, 130 when it was interrupted.
 * @param script as the user called it
 */
export async function measuringRun(
  script: string,
  work: (interruption: Interruption, progress: ProgressLine) => Promise<number>,
): Promise<number> {
  const interruption = new Interruption();
  const progress = new ProgressLine(process.stderr);
  try {
    return await work(interruption, progress);
  } catch (error) {
    progress.clear();
    if (interruption.happened) {
      console.error('Interrupted: everything has been ended.');
      return 130;
    }
    console.error(`${script}: ${whatWentWrong(error)}`);
    return 1;
  } finally {
    interruption.over();
  }
}

/** What can be cured from outside, in words alone; anything else is ours and comes with its stack. */
export function whatWentWrong(error: unknown): string {
  if (error instanceof FetchError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
