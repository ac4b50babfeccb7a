/**
 * Bytes from Asterisk into lines. A character that comes in two pieces stays one, and nobody makes us keep more than a line's bound.
 */
import { toldText } from '../../call/told-text.ts';
import { AgiFault } from './fault.ts';

const NEWLINE = 0x0a;

export class LineReader {
  private readonly take: (line: string) => void;
  private readonly mostBytes: number;
  private rest: Buffer = Buffer.alloc(0);

  /** @param mostBytes of one line, without its end */
  constructor(mostBytes: number, take: (line: string) => void) {
    this.mostBytes = mostBytes;
    this.take = take;
  }

  /** Gives each line that is complete. Throws AgiFault at a line that is too long. */
  push(piece: Buffer): void {
    let from = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([this.rest, piece.subarray(from, end)]);
      this.rest = Buffer.alloc(0);
      from = end + 1;
      this.check(line);
      this.take(toldText(line).replace(/\r$/, ''));
    }
    this.rest = Buffer.concat([this.rest, piece.subarray(from)]);
    this.check(this.rest);
  }

  private check({ length }: Buffer): void {
    if (length > this.mostBytes) throw new AgiFault(`a line is longer than ${this.mostBytes} bytes`);
  }
}
