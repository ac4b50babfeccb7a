/** The order in which vitest takes the test files: those that last for minutes begin first, so that no worker is left alone with one at the end. It must never leave a file out. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What lasts for more than a minute, longest first. */
const LONG = [
  'unread-log',
  'contact-addresses',
  'transfers',
  'dial-transfers',
  'transfers-without-router',
  'frozen-router',
  'broken-dialplan',
  'unheard',
  'shutdown',
  'taken-away',
  'replaced',
];

function rank({ moduleId }: TestSpecification): number {
  const at = LONG.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return at < 0 ? LONG.length : at;
}

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
