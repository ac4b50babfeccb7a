/**
 * A program of its own for process.test.ts: it pushes with nothing but the environment, as the router does, and then must come to its end by itself.
 * `deliver`: one push to each platform. `close-amid`: closes when the first of many has settled. Prints one line of JSON: what the pushes came to,
 * and what was left of sockets and timers as soon as close had resolved.
 */
import { createPush } from '../../src/push/create-push.ts';
import { systemClock } from '../../src/system/clock.ts';
import { android, iphone, never, notice } from './bench.ts';

const quiet = () => undefined;
const read = (name: string): string => process.env[name] ?? '';
const amid = process.argv[2] === 'close-amid';
const push = createPush({
  fcm: { credentialsFile: read('FCM_CREDENTIALS_FILE'), url: read('FCM_URL') },
  apns: {
    keyFile: read('APNS_KEY_FILE'),
    keyId: read('APNS_KEY_ID'),
    teamId: read('APNS_TEAM_ID'),
    topic: read('APNS_TOPIC'),
    url: read('APNS_URL'),
  },
  clock: systemClock,
  log: { info: quiet, warn: quiet, error: quiet, debug: quiet },
});

await push.warmUp();
const devices = Array.from({ length: amid ? 40 : 1 }, () => [android(), iphone()]).flat();
const pushes = devices.map((device) => push.wake(device, notice(600_000), never()));
await (amid ? Promise.race(pushes) : Promise.all(pushes));
await push.close();
const left = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name));
console.log(JSON.stringify({ results: (await Promise.all(pushes)).map(({ kind }) => kind), left }));
