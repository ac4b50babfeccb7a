/** That looks are taken together, and that nobody waits for one that is no longer wanted. */
import { describe, expect, it } from 'vitest';
import { ContactWatch } from '../../src/asterisk/registrations/contact-watch.ts';
import { SharedLooks } from '../../src/asterisk/registrations/look-batch.ts';
import { systemClock } from '../../src/system/clock.ts';
import { soon } from '../soon.ts';

const watchOf = (name: string) =>
  new ContactWatch([`PJSIP/${name}`], [], '1.1', { onContact: () => {}, onPhone: () => {}, onGone: () => {} });

describe('looks that are not urgent', () => {
  it('are taken together, each watch once', async () => {
    const looked: string[][] = [];
    const looks = new SharedLooks(systemClock, async (watches) => {
      looked.push(watches.flatMap(({ endpoints }) => endpoints));
    });
    const [one, two] = [watchOf('one'), watchOf('two')];
    await Promise.all([looks.take(one), looks.take(two), looks.take(one)]);
    expect(looked).toEqual([['PJSIP/one', 'PJSIP/two']]);
    await looks.take(two);
    expect(looked).toHaveLength(2);
  });

  it('go one after another, however late Asterisk is: what is asked for meanwhile is in the next', async () => {
    const answers: (() => void)[] = [];
    const looked: number[] = [];
    const looks = new SharedLooks(systemClock, (watches) => {
      looked.push(watches.length);
      return new Promise((resolve) => answers.push(resolve));
    });
    const first = looks.take(watchOf('one'));
    await soon(() => expect(looked).toEqual([1]));
    const others = [looks.take(watchOf('two')), looks.take(watchOf('three'))];
    // Longer than the first one waits for others.
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(looked).toEqual([1]);
    answers[0]?.();
    await first;
    await soon(() => expect(looked).toEqual([1, 2]));
    answers[1]?.();
    await Promise.all(others);
  });

  it('fail together', async () => {
    const looks = new SharedLooks(systemClock, async () => {
      throw new Error('Asterisk does not answer');
    });
    const results = await Promise.allSettled([looks.take(watchOf('one')), looks.take(watchOf('two'))]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(looks.take(watchOf('one'))).rejects.toThrow('does not answer');
  });

  it('end with their watch, and no clock is waited for', async () => {
    const slept: AbortSignal[] = [];
    const clock = {
      ...systemClock,
      sleep: (_: number, signal: AbortSignal) => {
        slept.push(signal);
        return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      },
    };
    const looked: unknown[] = [];
    const looks = new SharedLooks(clock, async (watches) => {
      looked.push(watches);
    });
    const one = watchOf('one');
    const taken = looks.take(one);
    looks.drop(one);
    await taken;
    expect(slept.map(({ aborted }) => aborted)).toEqual([true]);
    expect(looked).toEqual([]);
  });
});
