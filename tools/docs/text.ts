/** A document as text: what of it is code, and on which line something stands. */

export interface Fault {
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
}

/** The same text, of the same length, with blanks in place of blocks and pieces of code. */
export function withoutCode(text: string): string {
  return text.replaceAll(/^( *)```.*?^\1```$|`[^`\n]+`/gms, (code) => code.replaceAll(/[^\n]/g, ' '));
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
