/**
 * What a request to Asterisk can come to other than well, told apart by status: what was asked about is gone, which is no error; Asterisk is ill,
 * which says nothing about what was asked; or the answer is simply no.
 */
import { PbxError } from '../../call/errors.ts';

/** Asterisk answered, and the answer was no. */
export class AriRefusal extends PbxError {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Tells whether what was asked about is gone: unknown (404), or no longer in our hands (409). */
export function isGone(error: unknown): boolean {
  return error instanceof AriRefusal && (error.status === 404 || error.status === 409);
}

/** Asterisk's word for a call that it could not place, which says nothing about how it is. */
const NOT_PLACED = 'Allocation failed';

/** Tells whether a failure is one of Asterisk, or of the way to it, rather than an answer to what was asked. */
export function isIll(error: unknown): boolean {
  if (!(error instanceof AriRefusal)) return true;
  if (error.status >= 500) return !error.message.includes(NOT_PLACED);
  return error.status === 401 || error.status === 403;
}

/** Tells whether Asterisk failed at it, whatever it was. */
export function isBroken(error: unknown): boolean {
  return error instanceof AriRefusal && isIll(error) && error.status >= 500;
}
