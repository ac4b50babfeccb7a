/**
 * What the dialplan asks for: `AGI(agi://host:port/wake,<user id>)` arrives as lines of `agi_name: value`, ended by an empty one. Checked here once,
 * and typed from there on. It must never guess at what it does not understand: a name that is there twice may be the work of a caller's name with a
 * line of its own in it.
 */
import { z } from 'zod';
import { partyOf } from '../../call/ports/party.ts';
import type { Party } from '../../call/ports.ts';
import { withoutEscapes } from '../../call/told-text.ts';
import { AgiFault, shown } from './fault.ts';

export interface AgiRequest {
  readonly asked: 'lookup' | 'wake' | 'ended';
  /** '' for `ended`. */
  readonly userId: string;
  /** Asterisk's id of the channel. */
  readonly channelId: string;
  readonly caller: Party;
}

const LINE = /^(agi_[a-z0-9_]{1,60}):(?: (.*))?$/s;
const ARGUMENT = /^agi_arg_\d+$/;

/** Asterisk says `unknown` where it knows none. */
const known = z
  .string()
  .default('')
  .transform((text) => (text === 'unknown' ? '' : text));

const requestForm = z.object({
  agi_network: z.literal('yes', 'agi_network is not yes'),
  agi_network_script: z
    .string('it names nothing to do; write AGI(agi://host:port/wake,<user id>)')
    .refine(
      (text) => !text.includes('?'),
      'arguments stand behind a comma, not behind a ?: AGI(agi://host:port/wake,7)',
    )
    .pipe(z.enum(['lookup', 'wake', 'ended'], 'there is nothing of that name; there are lookup, wake and ended')),
  agi_uniqueid: z.string('agi_uniqueid is missing').regex(/^[\x21-\x2e\x30-\x7e]{1,150}$/, 'agi_uniqueid is none'),
  agi_callerid: known,
  agi_calleridname: known,
});

const userForm = z
  .string('it needs the user id: AGI(agi://host:port/wake,7)')
  .regex(/^[\w.-]{1,128}$/, 'the user id is not 1 to 128 letters, digits, dots, underscores or hyphens');

/** Throws AgiFault. */
export function readRequest(lines: readonly string[]): AgiRequest {
  const given = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = LINE.exec(line) ?? [];
    if (name === undefined) throw new AgiFault(`this is no line of an AGI request: ${shown(line)}`);
    if (given.has(name)) throw new AgiFault(`an AGI request has ${name} twice`);
    given.set(name, value);
  }
  const { agi_network_script, agi_uniqueid, agi_callerid, agi_calleridname } = checked(
    requestForm,
    Object.fromEntries(given),
    given.get('agi_network_script'),
  );
  const wanted = agi_network_script === 'ended' ? 0 : 1;
  const many = [...given.keys()].filter((name) => ARGUMENT.test(name)).length;
  if (many > wanted) {
    const takes = wanted === 0 ? 'no argument' : 'one argument, the user id';
    throw new AgiFault(`a dialplan's AGI request is refused: ${agi_network_script} takes ${takes}`);
  }
  const userId = wanted === 0 ? '' : checked(userForm, given.get('agi_arg_1'), given.get('agi_arg_1'));
  return {
    asked: agi_network_script,
    userId,
    channelId: agi_uniqueid,
    caller: partyOf(withoutEscapes(agi_calleridname), agi_callerid),
  };
}

function checked<T>(form: z.ZodType<T>, value: unknown, culprit: string | undefined): T {
  const result = form.safeParse(value);
  if (result.success) return result.data;
  const why = result.error.issues[0]?.message ?? 'it is none';
  const what = culprit === undefined ? '' : ` (${shown(culprit)})`;
  throw new AgiFault(`a dialplan's AGI request is refused: ${why}${what}`);
}
