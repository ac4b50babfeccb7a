/**
 * What the demo prints: headings, timelines in columns, checks, the verdict. Colours on a terminal only, and none where NO_COLOR is set. It decides
 * nothing of what is said.
 */
import type { WriteStream } from 'node:tty';

export type PartyKind = 'caller' | 'asterisk' | 'push' | 'mobile' | 'webapp' | 'router';

export interface Row {
  /** Since the caller's INVITE. */
  readonly atMs: number;
  readonly kind: PartyKind;
  readonly who: string;
  readonly what: string;
}

export interface Paper {
  line(text: string): void;
  heading(text: string): void;
  timeline(rows: readonly Row[]): void;
  /** `seen`: what was the case instead, or the figure behind it. */
  check(isSo: boolean, statement: string, seen?: string): void;
  verdict(total: number, failed: number): void;
}

const COLOURS: Readonly<Record<PartyKind | 'bold' | 'dim' | 'good' | 'bad', string>> = {
  caller: '36',
  asterisk: '33',
  push: '35',
  mobile: '32',
  webapp: '34',
  router: '2',
  bold: '1',
  dim: '2',
  good: '32',
  bad: '31;1',
};
const MS_WIDTH = 8;

export function paperFor(to: WriteStream, environment: Readonly<Record<string, string | undefined>>): Paper {
  const coloured = to.isTTY && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const dye = (colour: keyof typeof COLOURS, text: string): string =>
    coloured ? `\x1b[${COLOURS[colour]}m${text}\x1b[0m` : text;
  const line = (text: string): void => {
    to.write(`${text}\n`);
  };
  return {
    line,
    heading: (text) => line(`\n${dye('bold', text)}`),
    timeline(rows) {
      const width = Math.max(...rows.map(({ who }) => who.length), 3);
      line(dye('dim', `${'ms'.padStart(MS_WIDTH)}  ${'who'.padEnd(width)}  what`));
      for (const { atMs, kind, who, what } of rows) {
        line(
          `${atMs.toFixed(0).padStart(MS_WIDTH)}  ${dye(kind, who.padEnd(width))}  ${kind === 'router' ? dye('dim', what) : what}`,
        );
      }
    },
    check(isSo, statement, seen = '') {
      const mark = isSo ? dye('good', '✓') : dye('bad', '✗');
      const tail = seen === '' ? '' : isSo ? dye('dim', ` (${seen})`) : `: ${dye('bad', seen)}`;
      line(`  ${mark} ${statement}${tail}`);
    },
    verdict(total, failed) {
      line('');
      line(
        failed === 0
          ? dye('good', `All ${total} checks hold.`)
          : dye('bad', `${failed} of ${total} checks do not hold.`),
      );
    },
  };
}
