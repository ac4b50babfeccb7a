/** Signals that the router ignores: caught before anything else is loaded, told when there is a log, and not again and again. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { ignoredSignals, ignoreSignals } from '../../src/system/signals.ts';

const source = (path: string) => readFileSync(join(import.meta.dirname, '../../src', path), 'utf8');
/** What is loaded before the first line of a file runs. */
const loadedFirst = (text: string) =>
  [...text.matchAll(/^import (?!type )[^;]*?'([^']+)';/gms)].map(([, name]) => name);

it('are caught before the rest is loaded', () => {
  expect(loadedFirst(source('main.ts'))).toEqual(['./system/signals.ts']);
  expect(loadedFirst(source('system/signals.ts'))).toEqual([]);
});

it('are told in words as soon as there is a log, each once for as long as it comes again and again', () => {
  const process = new EventEmitter();
  const log = fakeLog();
  let nowMs = 0;
  const signals = ignoreSignals(process, () => nowMs);
  process.emit('SIGUSR1', 'SIGUSR1');
  signals.tellTo(log);
  for (let times = 0; times < 5; times += 1) process.emit('SIGHUP', 'SIGHUP');
  const told = () => log.lines.map(({ message }) => message.split(':')[0]);
  expect(told()).toEqual(['SIGUSR1 is ignored', 'SIGHUP is ignored']);
  nowMs = 60_000;
  process.emit('SIGHUP', 'SIGHUP');
  expect(told()).toHaveLength(3);
});

it('are never those that end the router', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT']) expect(ignoredSignals).not.toHaveProperty(signal);
});
