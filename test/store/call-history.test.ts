/** The call history: live and ended calls, its bounds, and a database that fails under it. */
import { describe, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import type { CallSummary } from '../../src/call/ports.ts';
import { type CallHistoryBounds, callHistoryIn } from '../../src/store/call-history.ts';
import { soon } from '../soon.ts';
import { openDatabase } from './open-database.ts';
import { scratchFolder } from './scratch.ts';
import { watched } from './watched-database.ts';

const scratch = scratchFolder();

const record = (callId: string, startedAtMs = 1_000) => ({
  callId,
  userId: 'anna',
  caller: { name: 'Bert', number: '+33123456789' },
  startedAtMs,
});
const summary: CallSummary = { outcome: 'answered', reason: 'mobile', durationMs: 4_200, stagesMs: { waiting: 900.5 } };
const entry = (what: string, facts = {}) => ({ atMs: 1, what, facts });

function setUp(file = scratch.path(), bounds: Partial<CallHistoryBounds> = {}) {
  const database = scratch.open(file);
  const log = fakeLog();
  return { database, log, file, callHistory: callHistoryIn(database, log, bounds) };
}
const rows = (file: string): number => Number(scratch.other(file).prepare('SELECT count(*) AS n FROM calls').get()?.n);
const written = (file: string, count: number): Promise<void> => soon(() => expect(rows(file)).toBe(count));

describe('a call in the call history', () => {
  it('can be asked for while it lives, when it has ended, and after a restart', async () => {
    const { callHistory, database, file } = setUp();
    callHistory.open(record('c1'));
    callHistory.note('c1', entry('pushed', { platform: 'ios', ms: 3, ok: true }));
    expect(await callHistory.story('c1')).toEqual({
      ...record('c1'),
      summary: undefined,
      timeline: [entry('pushed', { platform: 'ios', ms: 3, ok: true })],
      leftOut: 0,
    });
    callHistory.note('c1', entry('connected'));
    callHistory.close('c1', summary);
    const ended = { ...record('c1'), summary };
    expect(await callHistory.story('c1')).toMatchObject(ended);
    await written(file, 1);
    expect(await callHistory.latest(10)).toEqual([ended]);
    callHistory.shut();
    database.close();
    const again = setUp(file).callHistory;
    expect(await again.story('c1')).toEqual({
      ...ended,
      timeline: [entry('pushed', { platform: 'ios', ms: 3, ok: true }), entry('connected')],
      leftOut: 0,
    });
    expect(await again.story('c2')).toBeUndefined();
  });

  it('names its caller once that may be named, and keeps the name that an earlier run has told', async () => {
    const file = scratch.path();
    const nobody = { name: '', number: '' };
    const before = setUp(file);
    for (const callId of ['c1', 'c2']) before.callHistory.open({ ...record(callId), caller: nobody });
    expect(await before.callHistory.story('c1')).toMatchObject({ caller: nobody });
    before.callHistory.name('c1', record('c1').caller);
    before.callHistory.name('c3', record('c3').caller);
    expect(await before.callHistory.story('c1')).toMatchObject(record('c1'));
    before.callHistory.shut();
    before.database.close();
    const { callHistory } = setUp(file);
    for (const callId of ['c1', 'c2']) {
      callHistory.open({ ...record(callId), caller: nobody });
      callHistory.close(callId, summary);
    }
    callHistory.shut();
    const again = setUp(file).callHistory;
    expect(await again.story('c1')).toMatchObject(record('c1'));
    expect(await again.story('c2')).toMatchObject({ caller: nobody });
  });

  it('is listed with a thousand others, of which a few are read at a time so that calls have their turns', async () => {
    const { database, asked } = watched(scratch.open());
    const callHistory = callHistoryIn(database, fakeLog());
    for (let n = 0; n < 1_200; n += 1) {
      callHistory.open(record(`c${n}`, Math.floor(n / 7)));
      callHistory.close(`c${n}`, summary);
    }
    // The last of them is the first of those that came in its millisecond.
    const newest = Array.from({ length: 997 }, (_, n) => `c${1_199 - n}`);
    // While some are read, others are written.
    for (const pending of [callHistory.latest(997), callHistory.latest(997)])
      expect((await pending).map(({ callId }) => callId).toSorted()).toEqual(newest.toSorted());
    await soon(() => expect(database.sqlite.prepare('SELECT count(*) AS n FROM calls').get()?.n).toBe(1_200));
    asked.mostAtOnce = 0;
    const calls = await callHistory.latest(997);
    expect(calls.map(({ callId }) => callId)).toEqual(newest);
    expect(asked.mostAtOnce).toBe(50);
    expect(await callHistory.latest(50)).toEqual(calls.slice(0, 50));
    callHistory.shut();
  });

  it('that is to be kept no longer is forgotten when it ends, and never written', async () => {
    const { callHistory, file } = setUp();
    callHistory.open(record('none'));
    callHistory.note('none', entry('passed'));
    callHistory.close('none', { ...summary, isKept: false });
    expect(await callHistory.story('none')).toBeUndefined();
    expect(await callHistory.latest(10)).toEqual([]);
    callHistory.open(record('some'));
    callHistory.close('some', summary);
    callHistory.shut();
    expect(rows(file)).toBe(1);
  });

  it('is written as it stands when the router stops', async () => {
    const { callHistory, database, file } = setUp();
    callHistory.open(record('live'));
    callHistory.note('live', entry('pushed'));
    callHistory.open(record('ended', 2_000));
    callHistory.close('ended', summary);
    callHistory.shut();
    callHistory.shut();
    callHistory.open(record('late'));
    callHistory.note('late', entry('x'));
    callHistory.close('late', summary);
    database.close();
    const again = setUp(file).callHistory;
    expect((await again.latest(10)).map(({ callId, summary: told }) => [callId, told?.outcome])).toEqual([
      ['ended', 'answered'],
      ['live', undefined],
    ]);
    expect((await again.story('live'))?.timeline).toHaveLength(1);
  });

  it('goes on after a restart under the same id', async () => {
    const first = setUp();
    first.callHistory.open(record('c1'));
    first.callHistory.shut();
    first.database.close();
    const { callHistory, file } = setUp(first.file);
    callHistory.open(record('c1'));
    callHistory.close('c1', summary);
    await soon(async () => expect((await callHistory.latest(5))[0]?.summary).toEqual(summary));
    expect(rows(file)).toBe(1);
  });

  it('is listed newest first, whether live or ended', async () => {
    const { callHistory, file } = setUp();
    for (const n of [1, 2, 3, 4]) callHistory.open(record(`c${n}`, n * 1_000));
    callHistory.close('c4', summary);
    callHistory.close('c2', summary);
    await written(file, 2);
    expect((await callHistory.latest(3)).map(({ callId }) => callId)).toEqual(['c4', 'c3', 'c2']);
  });

  it('survives whatever it is told', async () => {
    const { callHistory, file, log } = setUp();
    callHistory.note('never-opened', entry('x'));
    callHistory.close('never-opened', summary);
    callHistory.open({ ...record('c1', Number.NaN), caller: { name: 'n'.repeat(5_000), number: '' } });
    callHistory.open(record('c1'));
    callHistory.note('c1', {
      atMs: Number.POSITIVE_INFINITY,
      what: 'odd',
      facts: { n: Number.NaN, long: 'x'.repeat(999) },
    });
    callHistory.close('c1', { ...summary, durationMs: Number.NaN, stagesMs: { waiting: Number.NaN } });
    callHistory.close('c1', summary);
    callHistory.note('c1', entry('late'));
    await written(file, 1);
    await soon(async () => {
      const story = await callHistory.story('c1');
      expect(story?.timeline).toEqual([{ atMs: 0, what: 'odd', facts: { n: 'NaN', long: 'x'.repeat(300) } }]);
      expect(story?.summary).toEqual({ ...summary, durationMs: 0, stagesMs: { waiting: 0 } });
      expect(story?.caller.name).toHaveLength(300);
    });
    expect(log.at('error')).toEqual([]);
  });
});

describe('the bounds of the call history', () => {
  it('keep the newest calls', async () => {
    const { callHistory, file } = setUp(undefined, { mostCalls: 5 });
    for (let n = 1; n <= 12; n += 1) {
      callHistory.open(record(`c${n}`, n));
      callHistory.close(`c${n}`, summary);
    }
    await written(file, 5);
    expect((await callHistory.latest(50)).map(({ callId }) => callId)).toEqual(['c12', 'c11', 'c10', 'c9', 'c8']);
    expect(await callHistory.story('c1')).toBeUndefined();
  });

  it('keep the beginning and the end of a timeline, and count what is missing', async () => {
    const { callHistory } = setUp(undefined, { mostEntries: 6 });
    callHistory.open(record('c1'));
    for (let n = 1; n <= 20; n += 1) callHistory.note('c1', entry(`e${n}`));
    const story = await callHistory.story('c1');
    expect(story?.timeline.map(({ what }) => what)).toEqual(['e1', 'e2', 'e3', 'e18', 'e19', 'e20']);
    expect(story?.leftOut).toBe(14);
  });

  it('hold for calls that never end', async () => {
    const { callHistory, file } = setUp(undefined, { mostCalls: 3 });
    for (let n = 1; n <= 5; n += 1) callHistory.open(record(`c${n}`, n));
    await written(file, 2);
    expect((await callHistory.latest(50)).map(({ callId }) => callId)).toEqual(['c5', 'c4', 'c3', 'c2', 'c1']);
  });
});

describe('a database that fails under the call history', () => {
  it('is told of once, loses nothing that fits, and is tried again', async () => {
    const { callHistory, database, log, file } = setUp(undefined, { retryMs: 5, mostWaiting: 3 });
    const other = scratch.other(file);
    other.exec('BEGIN IMMEDIATE');
    callHistory.open(record('c0', 0));
    callHistory.close('c0', summary);
    await soon(() => expect(database.fault()?.message).toMatch(/is locked by another program/));
    for (let n = 1; n <= 4; n += 1) {
      callHistory.open(record(`c${n}`, n));
      callHistory.close(`c${n}`, summary);
    }
    expect(await callHistory.story('c4')).toMatchObject({ summary });
    expect((await callHistory.latest(2)).map(({ callId }) => callId)).toEqual(['c4', 'c3']);
    other.exec('COMMIT');
    await soon(() => expect(rows(file)).toBe(3));
    expect(database.fault()).toBeUndefined();
    expect(log.at('error').map(({ message }) => message)).toEqual([expect.stringMatching(/the oldest calls are lost/)]);
    expect(log.at('info')).toMatchObject([{ fields: { lostCalls: 2 } }]);
  });

  it('does not stop the router from stopping', () => {
    const { callHistory, log, database } = setUp(undefined, { retryMs: 5 });
    callHistory.open(record('c1'));
    database.close();
    callHistory.shut();
    expect(log.at('error').map(({ message }) => message)).toEqual([
      'the history of calls cannot be written; calls go on without it',
      'calls are lost to the history',
    ]);
  });

  it('has damaged rows left out with a line each, however often they are read', async () => {
    const { callHistory, log, database, file } = setUp();
    for (const callId of ['c1', 'c2', 'c3']) {
      callHistory.open(record(callId));
      callHistory.close(callId, summary);
    }
    await written(file, 3);
    database.sqlite.exec(`UPDATE calls SET summary = '{"outcome":7}' WHERE call_id = 'c1';
      UPDATE calls SET timeline = '[{' WHERE call_id = 'c2'`);
    expect((await callHistory.latest(10)).map(({ callId }) => callId).sort()).toEqual(['c2', 'c3']);
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await callHistory.story('c1')).toBeUndefined();
      expect(await callHistory.story('c2')).toBeUndefined();
    }
    expect(await callHistory.story('c3')).toMatchObject({ summary });
    expect(log.at('error').map(({ message }) => message)).toEqual([
      expect.stringMatching(/calls is damaged and is left out: wrong in summary/),
      expect.stringMatching(/wrong in timeline/),
    ]);
  });

  it('takes hundreds of calls that end in one moment, and hundreds that are live at the end', async () => {
    const { callHistory, file } = setUp();
    for (let n = 0; n < 300; n += 1) callHistory.open(record(`c${n}`, n));
    for (let n = 0; n < 150; n += 1) callHistory.close(`c${n}`, summary);
    await written(file, 150);
    callHistory.shut();
    expect(rows(file)).toBe(300);
  });

  it('needs no file', async () => {
    const database = openDatabase('sqlite::memory:');
    const callHistory = callHistoryIn(database, fakeLog());
    callHistory.open(record('c1'));
    callHistory.shut();
    expect(await callHistory.latest(1)).toHaveLength(1);
    database.close();
  });
});
