/**
 * An edge proxy before Asterisk, as sites put one before their phones: a real Kamailio, which adds its Path to each REGISTER, and takes an INVITE only from who names that Path. Phones
 * behind it cannot be reached but by it, whatever address they register. It ends with the process that started it, however that one ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitThat } from '../asterisk/deadline.ts';
import type { UdpAddress } from '../phone/sip-address.ts';
import { bindUdp } from '../phone/sip-wire.ts';
import { fetchKamailio } from './fetch.ts';

/** Its processes are one group, which ends when nobody holds the other end of its standard input any more. */
const GUARD = '"$@" & read -r _; kill -KILL 0';

export interface EdgeProxy extends AsyncDisposable {
  readonly address: UdpAddress;
}

/** @param next where REGISTERs go: Asterisk, or the next proxy */
export async function startEdgeProxy(next: UdpAddress, host = '127.0.0.3'): Promise<EdgeProxy> {
  const { command, moduleFolder } = await fetchKamailio();
  const folder = await mkdtemp(join(tmpdir(), 'lab-edge-'));
  const address = { host, port: await freePort(host) };
  await writeFile(join(folder, 'kamailio.cfg'), configuration(address, next, moduleFolder));
  const args = ['-f', join(folder, 'kamailio.cfg'), '-DD', '-E', '-m', '16', '-M', '4', '-w', folder, '-Y', folder];
  const child = spawn('/bin/sh', ['-c', GUARD, 'edge', ...command, ...args], {
    detached: true,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString('utf8')).slice(-20_000);
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const isUp = async () => (/edge proxy is up/.test(output) ? true : undefined);
    await awaitThat(isUp, 10_000, async () => `Kamailio did not come up:\n${output}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, [Symbol.asyncDispose]: stop };
}

async function freePort(host: string): Promise<number> {
  const socket = await bindUdp(host, 0);
  const { port } = socket.address();
  socket.close();
  return port;
}

function configuration({ host, port }: UdpAddress, next: UdpAddress, moduleFolder: string): string {
  return `debug=2
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
use_dns_cache=no
listen=udp:${host}:${port}
mpath="${moduleFolder}"
${['tm', 'sl', 'rr', 'pv', 'path', 'textops', 'siputils', 'xlog'].map((name) => `loadmodule "${name}.so"\n`).join('')}
modparam("path", "use_received", 1)

request_route {
  if (is_method("CANCEL")) {
    if (t_check_trans()) t_relay();
    exit;
  }
  if (has_totag()) {
    if (loose_route()) t_relay();
    exit;
  }
  t_check_trans();
  if (is_method("REGISTER")) {
    add_path_received();
    $du = "sip:${next.host}:${next.port}";
    t_relay();
    exit;
  }
  loose_route_preloaded();
  if ($du == $null) {
    sl_send_reply("404", "No Path");
    exit;
  }
  record_route();
  t_relay();
}
event_route[core:worker-one-init] { xlog("L_ERR", "edge proxy is up\\n"); }
`;
}
