/**
 * The seats of the lab: pjsip.conf cannot grow while Asterisk runs, so a number of users, each with a mobile's and a UC Assistant's endpoint, is
 * provided beforehand, and lab.user() takes the next free one. What a scenario says of its user beyond that goes into a file of its own, lab-traits.conf.
 * Nothing here may know of the router.
 */
import type { LabEndpoint } from './asterisk/asterisk.ts';

export interface Seat {
  /** Also the number that reaches the user. */
  readonly userId: string;
  /** Names of the endpoints, which are their passwords as well. */
  readonly mobileEndpoint: string;
  readonly webAppEndpoint: string;
}

/** What the dialplan shall know of a user; unset: what every seat has. */
export interface Traits {
  /** XIVO_RINGSECONDS; 30 unless said. */
  readonly ringSeconds?: number | '';
  /** Class of the callee's music on hold. */
  readonly musicClass?: string;
  /** XIVO_DST_FIRSTNAME and XIVO_DST_LASTNAME. */
  readonly name?: string;
  /** Further channel variables, set before the hook; a value may hold `${...}`. */
  readonly variables?: Readonly<Record<string, string>>;
}

export const TRAITS_FILE = 'lab-traits.conf';
const FIRST_USER = 1001;

export function seatsOf(count: number): Seat[] {
  return Array.from({ length: count }, (_, index) => ({
    userId: String(FIRST_USER + index),
    mobileEndpoint: `mobile-${index + 1}`,
    webAppEndpoint: `uc-${index + 1}`,
  }));
}

export function endpointsOf(seats: readonly Seat[]): LabEndpoint[] {
  return seats.flatMap(({ userId, mobileEndpoint, webAppEndpoint }) => [
    { name: mobileEndpoint, callerId: `"User ${userId}" <${userId}>` },
    { name: webAppEndpoint, callerId: `"User ${userId}" <${userId}>` },
  ]);
}

/** What stands in extensions.conf for the seats. */
export function seatsDialplan(seats: readonly Seat[]): string {
  const users = seats.map(
    ({ userId, mobileEndpoint, webAppEndpoint }) =>
      `exten => user-${userId},1,Set(XIVO_INTERFACE=PJSIP/${webAppEndpoint}&PJSIP/${mobileEndpoint})
 same => n,Set(XIVO_RINGSECONDS=30)
 same => n,GosubIf($[\${DIALPLAN_EXISTS(lab-traits,user-${userId},1)}]?lab-traits,user-${userId},1)
 same => n,Return()
`,
  );
  return `[lab-users](+)\n${users.join('')}\n#tryinclude "${TRAITS_FILE}"\n`;
}

/** The file of traits. */
export function traitsDialplan(traits: ReadonlyMap<string, Traits>): string {
  const set = (name: string, value: string | number): string =>
    ` same => n,Set(${name}=${String(value).replaceAll(';', '\\;')})\n`;
  const users = [...traits].map(([userId, { ringSeconds, musicClass, name, variables }]) => {
    const [first = '', ...last] = (name ?? '').split(' ');
    return [
      `exten => user-${userId},1,NoOp()\n`,
      ringSeconds === undefined ? '' : set('XIVO_RINGSECONDS', ringSeconds),
      musicClass === undefined ? '' : set('CHANNEL(musicclass)', musicClass),
      name === undefined ? '' : set('XIVO_DST_FIRSTNAME', first) + set('XIVO_DST_LASTNAME', last.join(' ')),
      ...Object.entries(variables ?? {}).map(([variable, value]) => set(variable, value)),
      ' same => n,Return()\n',
    ].join('');
  });
  return `[lab-traits]\n${users.join('')}`;
}

/** Whether there is anything to tell the dialplan. */
export function hasTraits({ ringSeconds, musicClass, name, variables }: Traits): boolean {
  return [ringSeconds, musicClass, name, variables].some((trait) => trait !== undefined);
}
