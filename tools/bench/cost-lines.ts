/**
 * What a call costs, in rows of the table. What was not measured is a dash.
 */
import type { CostCount, CostOf } from './cost.ts';
import { COST_CALLS, COST_WAYS, type Company, costRow } from './cost-round.ts';
import { tellMs } from './figures.ts';
import { HEARD, type Heard } from './load.ts';
import type { Cell } from './verdict.ts';

const COMPANY: Readonly<Record<Company, string>> = {
  alone: `${COST_CALLS.alone} one after another`,
  together: `${COST_CALLS.together} at once`,
};

export function costLines(heard: Heard): readonly (readonly [string, Cell])[] {
  const ofCost =
    (tell: (cost: CostOf) => string): Cell =>
    ({ cost }) =>
      cost === undefined ? '-' : tell(cost[heard]);
  const both = (tell: (count: CostCount) => string) => ofCost(({ router, plain }) => `${tell(router)}, ${tell(plain)}`);
  const times = (company: Company): readonly (readonly [string, Cell])[] =>
    (['router', 'plain'] as const).map((way) => [
      `REGISTER to the caller's 200, ${COMPANY[company]}, ${COST_WAYS[way]}`,
      ({ figures }) => figures.of(costRow(heard, way, company)).told(),
    ]);
  const kilo = (bytes: number) => (bytes / 1_000).toFixed(1);
  return [
    [
      `Asterisk's processor for a call, from REGISTER to talking, ${HEARD[heard]}, ${COMPANY.alone}: router, ${COST_WAYS.plain}`,
      both(({ aloneMs }) => tellMs(aloneMs)),
    ],
    [`the same, ${COMPANY.together}`, both(({ togetherMs }) => tellMs(togetherMs))],
    [
      'while they wait: Asterisk, of one core, for 100 callers: router, dialplan',
      both(({ waitingPercent }) => `${waitingPercent.toFixed(1)} %`),
    ],
    ...times('alone'),
    ...times('together'),
    [
      `what the router asks for each of ${COST_CALLS.together} calls at once, requests and kB; what it is told, events and kB`,
      ofCost(
        ({ traffic: { requests, requestBytes, events, eventBytes } }) =>
          `${requests.toFixed(1)}, ${kilo(requestBytes)}; ${events.toFixed(1)}, ${kilo(eventBytes)}`,
      ),
    ],
  ];
}

export const IDLE_LINE: readonly [string, Cell] = [
  'Asterisk without any call, of one core: with the router, without',
  ({ cost }) =>
    cost === undefined ? '-' : `${cost.idlePercent.router.toFixed(1)} %, ${cost.idlePercent.plain.toFixed(1)} %`,
];
