/** The command line of scripts/package: what is asked for, and what is refused in words. */
import { expect, it } from 'vitest';
import { readPackageOptions } from '../../tools/package/options.ts';

const USUAL = { version: '0.1.0', into: '/repository/.cache/package' };
const read = (...args: readonly string[]) => readPackageOptions(args, USUAL, '/home/builder');

it('takes a version, and a folder from where the command was given', () => {
  expect(read()).toEqual(USUAL);
  expect(read('--version', '1.2.0~rc1-1')).toEqual({ ...USUAL, version: '1.2.0~rc1-1' });
  expect(read('--into', 'out')).toEqual({ ...USUAL, into: '/home/builder/out' });
  expect(read('--into', '/out')).toEqual({ ...USUAL, into: '/out' });
});

it.each([
  ['--bogus'],
  ['--version'],
  ['more'],
  ['--version', 'v1'],
  ['--version', '../x'],
  ['--version', ''],
  ['--version', '1 2'],
])('refuses %j %j and says what there is', (...args) => {
  expect(read(...args)).toMatch(/^scripts\/package: .+\nscripts\/package --help/);
});
