/** Fetches the Asterisks of the lab, 16 and 22, into .cache/. Does nothing when they are there. */
import { fetchAsterisk } from '../../lab/asterisk/fetch.ts';

for (const version of [16, 22] as const) {
  await fetchAsterisk(version, { onProgress: (line) => console.log(line) });
}
