/**
 * What the router itself costs, in rows of the table. What was not measured is a dash.
 */
import { tellMs } from './figures.ts';
import { OWN, type OwnFigures, START_ROW } from './own.ts';
import { type Cell, medianWithin, verdict } from './verdict.ts';

/** Targets: ms, MB, kB, percent of one core. */
const START_MS = 1_000;
const USERS_MB = 60;
const WAITING_KB = 20;
const WAITING_PERCENT = 1;

const ofOwn =
  (tell: (own: OwnFigures) => string): Cell =>
  ({ own }) =>
    own === undefined ? '-' : tell(own);

export const OWN_LINES: readonly (readonly [string, Cell])[] = [
  [`**the router from its start to ready: ${START_MS} in the median**`, medianWithin(START_ROW, START_MS, 'times')],
  ['start to ready', ({ figures }) => figures.of(START_ROW).told()],
  [
    `**its memory with ${OWN.users} users above that with none, MB: ${USERS_MB} at most**`,
    ofOwn(({ memoryMb: { none, all } }) => verdict(all - none <= USERS_MB, `${all - none} (${none}, ${all})`)),
  ],
  [
    `**its heap for each of ${OWN.calls} callers who wait, kB: ${WAITING_KB} at most**`,
    ofOwn(({ waitingKb }) => verdict(waitingKb <= WAITING_KB, waitingKb.toFixed(1))),
  ],
  [
    `**its processor for 100 of them, of one core: below ${WAITING_PERCENT} %**`,
    ofOwn(({ waitingPercent }) => verdict(waitingPercent < WAITING_PERCENT, `${waitingPercent.toFixed(2)} %`)),
  ],
  ['without any call', ofOwn(({ idlePercent }) => `${tellMs(idlePercent)} %`)],
];
