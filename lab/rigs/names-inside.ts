/**
 * Loaded into the router's process ahead of the router, by names.ts: looks up names as the rig's folder says. It must never touch anything but the look-up,
 * and opens the pipe `silence` for one that hangs, which holds a thread of the pool for as long as nobody writes to it.
 */
import dns from 'node:dns';
import { appendFileSync, open, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';
import { join } from 'node:path';

const folder = process.env.LAB_NAMES ?? '';
const system = dns.lookup;

type Callback = (fault: NodeJS.ErrnoException, address: string, family: number) => void;

function lookUp(hostname: string, options: dns.LookupAllOptions, callback: Callback): void {
  const fail = (code: string) => callback(Object.assign(new Error(`getaddrinfo ${code}`), { code, hostname }), '', 0);
  // An address is no question for a name server.
  const mood = isIP(hostname) > 0 ? 'answers' : readFileSync(join(folder, 'mood'), 'utf8');
  if (mood === 'refuses') setImmediate(() => fail('ENOTFOUND'));
  else if (mood === 'silent') {
    appendFileSync(join(folder, 'hanging'), '.');
    open(join(folder, 'silence'), 'r', () => fail('EAI_AGAIN'));
  } else Reflect.apply(system, dns, [hostname, options, callback]);
}

Reflect.set(dns, 'lookup', lookUp);
syncBuiltinESMExports();
