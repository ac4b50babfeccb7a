/** A log that keeps what it was told, for tests. */
import type { Log } from '../../src/call/ports.ts';

export interface Told {
  readonly level: 'info' | 'warn' | 'error' | 'debug';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export function toldLog(): Log & { readonly told: Told[] } {
  const told: Told[] = [];
  const at =
    (level: Told['level']) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      told.push({ level, message, fields });
    };
  return { told, info: at('info'), warn: at('warn'), error: at('error'), debug: at('debug') };
}
