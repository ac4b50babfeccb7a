/**
 * What was measured, as Markdown: one column for each Asterisk, a verdict for each target. It rounds, and must never leave out what was not reached.
 */

import { type CrowdCount, isWhole } from '../../lab/rigs/crowd.ts';
import { ANSWER_ROWS, answerRow, CALLERS, WAYS } from './answer.ts';
import type { CostFigures } from './cost.ts';
import { costLines, IDLE_LINE } from './cost-lines.ts';
import { CROWD, CROWD_ROWS, type CrowdFigures } from './crowd.ts';
import { type Sheet, tellMs } from './figures.ts';
import { pushRow } from './invite-to-push.ts';
import { HEARD, type Heard, LOAD, type LoadCount, type LoadFigures, loadRow } from './load.ts';
import type { Part } from './options.ts';
import { OVERLOAD_CALLS, OVERLOAD_WAYS, type OverloadFigures, overloadRow, overloadWords } from './overload.ts';
import type { OwnFigures } from './own.ts';
import { OWN_LINES } from './own-lines.ts';
import { BURST, CONTESTANTS, FROM_200, registerRow } from './register-to-invite.ts';
import { RESTART_CALLS, RESTART_ROWS } from './restart.ts';
import type { RestartCrowdFigures } from './restart-crowd.ts';
import { type Cell, medianWithin, verdict } from './verdict.ts';

/** What one Asterisk gave. */
export interface Measured {
  /** `22.10.0` */
  readonly exactly: string;
  readonly figures: Sheet;
  readonly crowd: CrowdFigures | undefined;
  readonly restartCrowd: RestartCrowdFigures | undefined;
  readonly cost: CostFigures | undefined;
  readonly load: LoadFigures | undefined;
  readonly own: OwnFigures | undefined;
  readonly overload: OverloadFigures | undefined;
}

export function renderTable(all: readonly Measured[], parts: readonly Part[], machine: string): string {
  const blocks = [
    `Measured by \`scripts/bench\` in one run: ${machine}; everything on one machine, on loopback. Times in ms.`,
    row('| median / p90 / p99 / max', all, ({ exactly }) => `Asterisk ${exactly}`),
    `|---|${all.map(() => '---|').join('')}`,
    ...parts.flatMap((part) => LINES[part].map(([title, cell]) => row(`| ${title}`, all, cell))),
  ];
  return `${wrapped(blocks[0] ?? '')}\n\n${blocks.slice(1).join('\n')}\n\n${HOW}`;
}

const HOW = `How: REGISTER counts from the moment in which the phone sends the last one, the one with the digest, to the INVITE's
arrival at that phone; the 24 mobiles register one after another within 5 s, one loop of the polling dialplan, or all
within 100 ms. INVITE to push counts until the push service has the whole request, on a warm connection. Answer counts
from the callee's 200 to the caller's 200, and to the first packet that carries the callee's voice, in frames of 20
ms. The bare ways are \`tools/bench/bare-ari-script.ts\`, on the same Asterisk, their calls and the router's in turn.
Where a caller's channel gets no audio, Asterisk 16 looks at its orders every 200 ms only; that whoever answers is
connected by the dialplan waits for none of them. After a kill -9 it counts from the start of the new process; the
mobiles have registered while no router was there. What a call costs is Asterisk's processor time as Linux counts it,
until half a second after the answer, less what it spends without a call while the router is there.`;

/** As documents are: no line has more than 120 columns. */
function wrapped(text: string): string {
  return text.replaceAll(/(.{1,120})(?: |$)/g, '$1\n').trimEnd();
}

function row(title: string, all: readonly Measured[], cell: Cell): string {
  return `${title} | ${all.map(cell).join(' | ')} |`;
}

const told =
  (name: string): Cell =>
  ({ figures }) =>
    figures.of(name).told();
const nothing: Cell = () => '';

/** The medians against each other: `450 : 1`. */
const ratio =
  (one: string, other: string): Cell =>
  ({ figures }) => {
    const quotient = figures.of(one).medianMs / figures.of(other).medianMs;
    return Number.isNaN(quotient) ? '-' : `${quotient.toFixed(quotient < 10 ? 1 : 0)} : 1`;
  };

const aboveBare =
  (caller: keyof typeof CALLERS, withinMs: number): Cell =>
  ({ figures }) => {
    const [ours, bare] = (['router', 'bare'] as const).map((way) => figures.of(answerRow(way, caller, '200')));
    const moreMs = (ours?.medianMs ?? Number.NaN) - (bare?.medianMs ?? Number.NaN);
    return verdict(moreMs <= withinMs, `${moreMs > 0 ? '+' : ''}${tellMs(moreMs)} (${ours?.count} calls each)`);
  };

const ofCrowd =
  (tell: (crowd: CrowdFigures) => string): Cell =>
  ({ crowd }) =>
    crowd === undefined ? '-' : tell(crowd);

const ofRestart =
  (tell: (restart: RestartCrowdFigures) => string): Cell =>
  ({ restartCrowd }) =>
    restartCrowd === undefined ? '-' : tell(restartCrowd);

const ofLoad =
  (heard: Heard, tell: (load: LoadCount) => string): Cell =>
  ({ load }) =>
    load === undefined ? '-' : tell(load[heard]);

function noneLost(count: CrowdCount): string {
  const left = count.left === '' ? 'nothing left behind' : 'something was left behind';
  return verdict(
    isWhole(count),
    `${count.pushed} pushed, ${count.waiting} waiting at once, ${count.invited} rung, ${count.answered} answered, ${count.told} ended so; ${left}`,
  );
}

/** Whether no call was lost in any part that was measured. */
export function lostNone({ crowd, restartCrowd, load }: Measured): boolean {
  const counts = [crowd?.count, load?.ringing.count, load?.music.count];
  const isKept = restartCrowd === undefined || restartCrowd.answered === restartCrowd.calls;
  return isKept && counts.every((count) => count === undefined || isWhole(count));
}

function loadLines(heard: Heard): readonly (readonly [string, Cell])[] {
  const shares = (of: 'waiting' | 'registering'): Cell =>
    ofLoad(heard, (load) => `${load[of].asterisk} %, ${load[of].router} %, ${load[of].phones} %`);
  return [
    [
      `**${LOAD[heard]} waiting calls at once, ${HEARD[heard]}: none lost**`,
      ofLoad(heard, ({ count }) => noneLost(count)),
    ],
    ['INVITE to push, all within 20 s', told(loadRow(heard, 'push'))],
    ['REGISTER to INVITE, all within 10 s', told(loadRow(heard, 'register'))],
    ["answer to the caller's 200", told(loadRow(heard, 'answer'))],
    ['while they wait: Asterisk, router, phones, of one core', shares('waiting')],
    ['while they register', shares('registering')],
    [
      "meanwhile the router's event loop is late by, p99 and max; its memory, MB",
      ofLoad(heard, ({ late, memoryMb }) => `${tellMs(late.p99)}, ${tellMs(late.max)}; ${memoryMb}`),
    ],
  ];
}

function overloadTold(calls: number): Cell {
  return ({ overload }) => {
    const plain = overload?.get(calls)?.plain;
    return plain === undefined ? '-' : overloadWords(plain);
  };
}

/** What an overload must reach: nobody who has answered is cut, nobody is ended before, and nine in ten of those who talk by the plain dialplan talk. */
function overloadVerdict(calls: number): Cell {
  return ({ overload }) => {
    const { router, plain } = overload?.get(calls) ?? {};
    if (router === undefined || plain === undefined) return '-';
    const isReached = router.cut === 0 && router.ended === 0 && router.talk >= 0.9 * plain.talk;
    return verdict(isReached, overloadWords(router));
  };
}

function overloadLines(calls: number): readonly (readonly [string, Cell])[] {
  const times = (way: 'router' | 'plain', what: 'invite' | 'talk' | 'ping') => told(overloadRow(calls, way, what));
  return [
    [
      `**${calls} callers with music on a third of a core: none cut, nine in ten of the dialplan's talk**`,
      overloadVerdict(calls),
    ],
    [OVERLOAD_WAYS.plain, overloadTold(calls)],
    ['REGISTER to INVITE, router', times('router', 'invite')],
    ['REGISTER to INVITE, dialplan', times('plain', 'invite')],
    ["REGISTER to the caller's 200, router", times('router', 'talk')],
    ["REGISTER to the caller's 200, dialplan", times('plain', 'talk')],
    ["ARI's answer to a ping meanwhile, router", times('router', 'ping')],
    ["ARI's answer to a ping meanwhile, dialplan", times('plain', 'ping')],
  ];
}

const LINES: Readonly<Record<Part, readonly (readonly [string, Cell])[]>> = {
  register: [
    ['**REGISTER to INVITE, 24 waiting calls: 10 in the median**', medianWithin(registerRow('router'), 10)],
    [CONTESTANTS.router, told(registerRow('router'))],
    ["the same, from the REGISTER's 200", told(FROM_200)],
    [CONTESTANTS.script, told(registerRow('script'))],
    [CONTESTANTS.poll, told(registerRow('poll'))],
    ['dialplan to router', ratio(registerRow('poll'), registerRow('router'))],
    ['script to router', ratio(registerRow('script'), registerRow('router'))],
    [`router, all 24 register within ${BURST} ms`, told(registerRow('router', BURST))],
    [`script, all 24 register within ${BURST} ms`, told(registerRow('script', BURST))],
  ],
  push: [
    ["**caller's INVITE to push received, FCM: 25 in the median**", medianWithin(pushRow('android'), 25)],
    ['FCM', told(pushRow('android'))],
    ["**caller's INVITE to push received, APNs: 25 in the median**", medianWithin(pushRow('ios'), 25)],
    ['APNs', told(pushRow('ios'))],
  ],
  answer: ANSWER_ROWS.flatMap(({ caller, to }): (readonly [string, Cell])[] => [
    to === '200'
      ? [`**answer to the caller's 200, ${CALLERS[caller]}: within 10 of the bare way**`, aboveBare(caller, 10)]
      : [`to the callee's first audio, ${CALLERS[caller]}`, nothing],
    [WAYS.router, told(answerRow('router', caller, to))],
    [WAYS.bare, told(answerRow('bare', caller, to))],
  ]),
  crowd: [
    [`**${CROWD} waiting calls at once: none lost**`, ofCrowd(({ count }) => noneLost(count))],
    ['INVITE to push, all within 2 s', told(CROWD_ROWS.push)],
    ['REGISTER to INVITE, all within 1 s', told(CROWD_ROWS.register)],
    ["answer to the caller's 200", told(CROWD_ROWS.answer)],
    [
      "router's memory before, during, after, MB",
      ofCrowd(({ memoryMb: { before, during, after } }) => `${before}, ${during}, ${after}`),
    ],
  ],
  restart: [
    [
      `**kill -9 with ${RESTART_CALLS} callers waiting: from the new start to the first INVITE: 2,000 at most**`,
      ({ figures }) => {
        const first = figures.of(RESTART_ROWS.first);
        return verdict(first.percentile(100) <= 2_000, `${tellMs(first.percentile(100))} (${first.count} times)`);
      },
    ],
    [`to the first INVITE of ${RESTART_CALLS}`, told(RESTART_ROWS.first)],
    ['to the last', told(RESTART_ROWS.last)],
    [
      '**kill -9 in a crowd, callers hear ringing: none lost**',
      ofRestart(({ calls, answered }) => verdict(answered === calls, `${answered} of ${calls} talk in the end`)),
    ],
    [
      'from the new start to its first request, and until all are taken over',
      ofRestart(({ firstMs, allMs }) => `${tellMs(firstMs)}, ${tellMs(allMs)}`),
    ],
    [
      'most requests at once; in all; MB with their answers; processor time of Asterisk',
      ofRestart(
        ({ mostUnderWay, requests, megabytes, asteriskMs }) =>
          `${mostUnderWay}; ${requests}; ${megabytes.toFixed(1)}; ${tellMs(asteriskMs)}`,
      ),
    ],
    [
      "in the middle of it: REGISTER to INVITE; a new caller's INVITE to push",
      ofRestart(({ registerMs, pushMs }) => `${tellMs(registerMs)}; ${tellMs(pushMs)}`),
    ],
  ],
  cost: [...costLines('ringing'), ...costLines('music'), IDLE_LINE],
  own: OWN_LINES,
  load: [...loadLines('ringing'), ...loadLines('music')],
  overload: OVERLOAD_CALLS.flatMap(overloadLines),
};
