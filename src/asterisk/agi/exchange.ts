/**
 * One command to Asterisk, and its answer. A sound plays until it is over, or until another command comes: Asterisk then drops it, and says nothing of
 * it. It must never leave an answer behind that the next command would take for its own.
 */
import { PbxError } from '../../call/errors.ts';
import type { AgiAnswer } from './answer.ts';

/** The longest sound that is waited for, ms. */
const LONGEST_SOUND_MS = 300_000;
/** A command that Asterisk has read together with the one before it is not looked at until more comes: so it is told to end the sound again, ms. */
const CUT_AGAIN_MS = 100;
const NOTHING = 'NOOP';

export interface Wire {
  readonly send: (line: string) => void;
  /** No answer came in time. */
  readonly late: (words: string) => void;
}

export class Exchange {
  readonly answer: Promise<AgiAnswer>;
  private readonly wire: Wire;
  private readonly isSound: boolean;
  private readonly commandMs: number;
  private readonly settled = Promise.withResolvers<AgiAnswer>();
  private late: NodeJS.Timeout;
  private again: NodeJS.Timeout | undefined;
  /** Commands that were to cut the sound short, and have no answer yet. */
  private cuts = 0;

  /** @param commandMs how long Asterisk may take to answer a command */
  constructor(line: string, isSound: boolean, commandMs: number, wire: Wire) {
    this.answer = this.settled.promise;
    this.wire = wire;
    this.isSound = isSound;
    this.commandMs = commandMs;
    this.late = this.within(isSound ? LONGEST_SOUND_MS : commandMs);
    wire.send(line);
  }

  /** Ends the sound, where it is one. */
  cutShort(): void {
    if (!this.isSound || this.again !== undefined) return;
    clearTimeout(this.late);
    this.late = this.within(this.commandMs);
    const cut = () => {
      this.cuts += 1;
      this.wire.send(NOTHING);
    };
    this.again = setInterval(cut, CUT_AGAIN_MS);
    cut();
  }

  /** Takes in an answer. True when it was the last that this command has. */
  take(answer: AgiAnswer): boolean {
    if (this.again !== undefined) {
      // The sound had ended just before it was cut short: what should have cut it short is answered as well.
      if (answer.played !== undefined) return false;
      this.cuts -= 1;
      if (this.cuts > 0) return false;
    }
    this.stop();
    this.settled.resolve(answer);
    return true;
  }

  fail(fault: Error): void {
    this.stop();
    this.settled.reject(fault);
  }

  private within(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.wire.late(`Asterisk did not answer an AGI command within ${ms} ms`), ms);
  }

  private stop(): void {
    clearTimeout(this.late);
    clearInterval(this.again);
  }
}

/** Throws PbxError where Asterisk would not read it as one command. */
export function mustBeOneCommand(line: string, mostBytes: number): void {
  const tooLong = Buffer.byteLength(line) > mostBytes;
  if (!tooLong && !/\p{Cc}/u.test(line)) return;
  const why = tooLong ? 'is longer than Asterisk takes' : 'has a control character';
  throw new PbxError(`an AGI command ${why}: ${line.slice(0, 40)}`);
}
