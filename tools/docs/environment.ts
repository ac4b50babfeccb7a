/** The environment of the router as a table: all that it says stands in the list of settings. */
import { settings } from '../../src/config/settings.ts';
import { code, table } from './table.ts';

export function environmentTable(): string {
  return table(
    ['variable', 'default', 'unit', 'meaning'],
    settings.map(({ name, about, unit, fallback, required, secret }) => [
      `${code(name)}${secret ? `, ${code(`${name}_FILE`)}` : ''}`,
      required ? 'must be set' : code(fallback ?? ''),
      unit.replaceAll('<', '\\<'),
      about.replaceAll(/https:[^\s;]+/g, code),
    ]),
  );
}
