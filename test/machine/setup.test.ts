/** scripts/setup on a machine where something is missing or goes wrong: it never reports success for what is not whole, and says what to do. */
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BINDING_FOLDER, INSTALLS, NODE_FOLDER, ScratchClone } from './scratch-clone.ts';

const STAMP = 'node_modules/.installed-from';

describe('scripts/setup', () => {
  let clone: ScratchClone;

  beforeEach(async () => {
    clone = await ScratchClone.make();
  });
  afterEach(async () => {
    await clone.remove('');
  });

  it('installs without any link in node_modules/.bin, then does nothing, and needs no npm for that', async () => {
    await clone.npm(INSTALLS);
    expect(await clone.run('setup')).toMatchObject({ status: 0 });
    expect(await clone.read('npm-was-run')).toMatch(/^ci --include=dev --include=optional .*\n$/);
    await clone.remove('bin/npm');
    expect(await clone.run('setup')).toEqual({ status: 0, said: '' });
  });

  it('no npm: says how to get it', async () => {
    const { status, said } = await clone.run('setup');
    expect(status).toBe(1);
    expect(said).toContain('npm is missing. On Debian: apt-get install nodejs npm');
  });

  it.each([
    { what: 'npm fails, and has half installed', npm: `${INSTALLS}\nexit 1`, says: /npm ci failed/ },
    {
      what: 'npm has left Node.js out, as it does with an optional package on a full disk',
      npm: `${INSTALLS}\nrm -r ${NODE_FOLDER}`,
      says: /needs Node\.js 24\.15 or a later 24.*\n.*\n.*npm ci said that all is well, but it is not/,
    },
    {
      what: 'npm has left out a package',
      npm: `${INSTALLS}\nrm -r node_modules/plain`,
      says: /node_modules\/plain 1\.0\.0 is missing\n.*but it is not/,
    },
    {
      what: 'a package is another than the locked one',
      npm: `${INSTALLS}\necho '{"version": "0.9.0"}' >node_modules/plain/package.json`,
      says: /node_modules\/plain 1\.0\.0 is there as 0\.9\.0\n.*but it is not/,
    },
    {
      what: 'a package is half written',
      npm: `${INSTALLS}\necho '{"vers' >node_modules/plain/package.json`,
      says: /node_modules\/plain 1\.0\.0 is missing\n.*but it is not/,
    },
    {
      what: 'Node.js is cut short',
      npm: `${INSTALLS}\nrm ${NODE_FOLDER}/bin/node\necho -n >${NODE_FOLDER}/bin/node`,
      says: /but it is not/,
    },
    {
      what: 'the disk is full at the very end',
      npm: `${INSTALLS}\nmkdir ${STAMP}`,
      says: /installed-from cannot be written\. Is the disk full\?/,
    },
  ])('$what: is no success, and the next run installs again', async ({ npm, says }) => {
    await clone.npm(npm);
    const { status, said } = await clone.run('setup');
    expect({ status, said }).toEqual({ status: 1, said: expect.stringMatching(says) });
    await clone.remove('node_modules');
    await clone.remove('npm-was-run');
    await clone.npm(INSTALLS);
    expect(await clone.run('setup')).toMatchObject({ status: 0 });
    expect(await clone.read('npm-was-run')).toBeDefined();
  });

  it('npm leaves out what its Node.js is too old for, as on Debian 12: asks it again on the Node.js that it has brought', async () => {
    const tooOld = `case $PATH in ${dirname(process.execPath)}:*) ;; *) rm -r ${BINDING_FOLDER} ;; esac`;
    await clone.npm(`${INSTALLS}\n${tooOld}`);
    expect(await clone.run('setup')).toMatchObject({ status: 0 });
    expect((await clone.read('npm-was-run'))?.split('\n')).toHaveLength(3);
    expect(await clone.read(`${BINDING_FOLDER}/package.json`)).toBeDefined();
  });

  it('killed in the middle of a new installation: the old success does not stand for it', async () => {
    await clone.npm(INSTALLS);
    await clone.run('setup');
    await clone.remove('node_modules/plain');
    await clone.npm('kill -KILL $PPID');
    expect(await clone.run('setup')).toMatchObject({ status: 'SIGKILL' });
    expect(await clone.read(STAMP)).toBeUndefined();
    await clone.npm(INSTALLS);
    expect(await clone.run('setup')).toMatchObject({ status: 0 });
  });

  it.each([
    { what: 'a package has gone', spoils: (broken: ScratchClone) => broken.remove('node_modules/plain') },
    { what: 'Node.js has gone', spoils: (broken: ScratchClone) => broken.remove(`${NODE_FOLDER}/bin/node`) },
    {
      what: 'the lock is another',
      spoils: async (broken: ScratchClone) =>
        broken.write('package-lock.json', `${await broken.read('package-lock.json')}\n`),
    },
  ])('$what since the last success: installs again', async ({ spoils }) => {
    await clone.npm(INSTALLS);
    await clone.run('setup');
    await spoils(clone);
    await clone.npm('exit 1');
    expect(await clone.run('setup')).toMatchObject({ status: 1 });
    await clone.npm(INSTALLS);
    expect(await clone.run('setup')).toMatchObject({ status: 0 });
  });

  it('no package-lock.json: is no success', async () => {
    await clone.npm(INSTALLS);
    await clone.remove('package-lock.json');
    const { status, said } = await clone.run('setup');
    expect(status).toBe(1);
    expect(said).toContain('package-lock.json cannot be read');
  });

  it('two at once: the second waits for the npm of the first', async () => {
    await clone.npm(`if flock --nonblock package-lock.json true; then exit 1; fi\n${INSTALLS}`);
    const both = await Promise.all([clone.run('setup'), clone.run('setup')]);
    expect(both.map(({ status }) => status)).toEqual([0, 0]);
    expect(await clone.read('npm-was-run')).toMatch(/^[^\n]+\n$/);
  });
});

describe('scripts/node', () => {
  it.each(['v18.19.0', 'v20.20.2', 'v22.22.0', 'v24.14.1', 'v25.0.0'])(
    'on a system with Node.js %s alone says what it needs and how to get it',
    async (version) => {
      await using clone = await ScratchClone.make();
      await clone.systemNode(version);
      const { status, said } = await clone.run('node', 'src/main.ts');
      expect(status).toBe(1);
      expect(said).toContain(`needs Node.js 24.15 or a later 24. The system has ${version}`);
      expect(said).toContain(`Run ${clone.folder}/scripts/setup`);
    },
  );

  it('takes the system’s own where it is right', async () => {
    await using clone = await ScratchClone.make();
    await clone.systemNode('v24.15.0');
    expect(await clone.run('node', 'src/main.ts')).toEqual({ status: 0, said: 'v24.15.0\n' });
  });

  it('asks for what package.json does', async () => {
    await using clone = await ScratchClone.make();
    const { said } = await clone.run('node');
    const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
    const [, least, next] = /^>=(24\.\d+) <(25)$/.exec(manifest.engines.node) ?? [];
    expect(said).toContain(`needs Node.js ${least} or a later ${Number(next) - 1}. The system has none`);
  });
});
