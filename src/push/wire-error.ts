/** A failure of ours on the wire, with a code as system errors have it. */
export class WireError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}
