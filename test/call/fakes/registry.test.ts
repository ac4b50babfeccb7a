/** The fake registry, held to what the stored one is held to. */
import { expect, it } from 'vitest';
import { fakeRegistry } from '../../../lab/fakes/registry.ts';
import { registryContract } from '../../contract/registry.contract.ts';

registryContract('the fake registry', () => {
  const registry = fakeRegistry();
  return {
    registry,
    putUser: async (user) => registry.putUser(user),
    putDevice: async (device, atMs) => registry.putDevice({ ...device, registeredAtMs: atMs }),
    deleteUser: async (userId) => registry.deleteUser(userId),
    deleteDevice: async (userId, deviceId) => registry.deleteDevice(userId, deviceId),
  };
});

it('fails when it is told to', async () => {
  const registry = fakeRegistry();
  registry.failWith(new Error('the disk is gone'));
  await expect(registry.callee('anna')).rejects.toThrow('the disk is gone');
});
