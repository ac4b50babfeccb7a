/**
 * One entry of the router's timeline on one line of the demo. It shortens, and must never change what the router says.
 */
import type { ToldEntry } from '../../lab/api-client.ts';

const LONGEST = 110;

export function toldByRouter({ what, facts }: ToldEntry): string {
  const told = Object.entries(facts)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${shortened(String(value))}`)
    .join(' ');
  const line = told === '' ? what : `${what}  ${told}`;
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}

/** Ids are told by what sets them apart. */
function shortened(value: string): string {
  return value.replace(/^xm-[0-9a-f]+-(?=leg-)/, '');
}
