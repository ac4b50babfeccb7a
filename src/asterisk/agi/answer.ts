/**
 * Asterisk's answers to commands, line by line: `200 result=1 (value)`, a refusal such as 510 or 511, or 520 with the usage on lines of its own.
 * Whatever is none of them is a fault: answers carry no ids, so that whoever loses one mistakes all that follow.
 */
import { AgiFault, shown } from './fault.ts';

/** 200: obeyed. 510: no such command. 511: not on a channel that has hung up. 520: wrong arguments. */
export interface AgiAnswer {
  readonly code: number;
  /** `0`, `1`, `-1`, …; '' where refused. */
  readonly result: string;
  /** What stood in brackets; undefined where nothing did. */
  readonly value: string | undefined;
  /** How many samples of a sound were played; undefined in any other answer. */
  readonly played?: number;
}

const FORM = /^(\d{3})([ -])(.*)$/s;
const OBEYED = /^result=(-?\d{1,10})(?: \((.*)\))?(?: endpos=(\d{1,15}))?$/s;
const MOST_USAGE_LINES = 200;

/** Reads one answer, however many lines it takes. */
export class AnswerReader {
  private usageLines = 0;

  /** The answer, once this line completes it. Throws AgiFault where the line can be no part of one. */
  take(line: string): AgiAnswer | undefined {
    if (this.usageLines > 0) return this.takeUsage(line);
    const [, code = '', separator, text = ''] = FORM.exec(line) ?? [];
    if (code === '520' && separator === '-') {
      this.usageLines = 1;
      return undefined;
    }
    if (separator === ' ' && code === '100') return undefined;
    if (separator === ' ' && /^5\d\d$/.test(code)) return { code: Number(code), result: '', value: undefined };
    const [, result, value, played] = OBEYED.exec(text) ?? [];
    if (code !== '200' || separator !== ' ' || result === undefined) {
      throw new AgiFault(`an answer is not as AGI has it: ${shown(line)}`);
    }
    return { code: 200, result, value, ...(played === undefined ? {} : { played: Number(played) }) };
  }

  private takeUsage(line: string): AgiAnswer | undefined {
    if (line.startsWith('520 ')) {
      this.usageLines = 0;
      return { code: 520, result: '', value: undefined };
    }
    this.usageLines += 1;
    if (this.usageLines > MOST_USAGE_LINES) throw new AgiFault('a refusal has no end');
    return undefined;
  }
}
