/** Fetches the real clients of the lab, baresip and Chromium, into .cache/. Does nothing when they are there; says why where there are none for this machine. */
import { fetchBaresip, fetchChromium, orNone } from '../test/lab/clients/fetch-clients.ts';

const onProgress = (line: string): void => console.log(line);
await orNone(fetchBaresip({ onProgress }));
await orNone(fetchChromium({ onProgress }));
