/** Looking up names with the system's own resolver: what a socket gets, and how a failure shows. How a hung look-up is borne, test/lab shows. */
import type { LookupAddress, LookupOptions } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { fakeLog } from '../../lab/fakes/log.ts';
import { Addresses } from '../../src/push/dns-cache.ts';

/** No name server is asked for a name with such a label: the system refuses it by itself. */
const nowhere = `${'x'.repeat(64)}.example`;

function ask(hostname: string, options: LookupOptions, addresses = new Addresses(fakeLog())) {
  return new Promise<string | LookupAddress[]>((resolve, reject) => {
    addresses.lookup(hostname, options, (fault, address) => (fault === null ? resolve(address) : reject(fault)));
  });
}

describe('the address of a push service', () => {
  it('is given as the socket asks: one, or all', async () => {
    expect(await ask('localhost', { family: 4 })).toBe('127.0.0.1');
    expect(await ask('localhost', { family: 'IPv4', all: true })).toEqual([{ address: '127.0.0.1', family: 4 }]);
    expect(await ask('localhost', { all: true })).toContainEqual({ address: '127.0.0.1', family: 4 });
    expect(await ask('127.0.0.1', {})).toBe('127.0.0.1');
  });

  it('is of IPv4 first, and tried for longer than the way to a far site takes', async () => {
    const found = await ask('localhost', { all: true });
    const families = Array.isArray(found) ? found.map(({ family }) => family) : [];
    expect(families).toEqual(families.toSorted());
    expect(new Addresses(fakeLog()).connecting.autoSelectFamilyAttemptTimeout).toBeGreaterThan(600);
  });

  it('is none where there is none of the family', async () => {
    await expect(ask('127.0.0.1', { family: 6 })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('that cannot be found fails with the name', async () => {
    await expect(ask(nowhere, { all: true })).rejects.toMatchObject({ code: 'ENOTFOUND', hostname: nowhere });
  });

  it('is looked up for many at once, and one that fails stands in nobody’s way', async () => {
    const addresses = new Addresses(fakeLog());
    const found = Array.from({ length: 20 }, () => ask('localhost', { family: 4 }, addresses));
    const failing = ask(nowhere, {}, addresses).catch(() => 'failed');
    expect(new Set(await Promise.all([...found, failing]))).toEqual(new Set(['127.0.0.1', 'failed']));
    expect(await ask('localhost', { family: 4 }, addresses)).toBe('127.0.0.1');
  });
});
