/**
 * Fetches what else of other people's the lab plays with, into .cache/: baresip, Chromium and Kamailio. Does nothing when they are there; says why where there are none for
 * this machine.
 */
import { fetchBaresip, fetchChromium, orNone } from '../../lab/clients/fetch-clients.ts';
import { fetchKamailio } from '../../lab/edge/fetch.ts';

const onProgress = (line: string): void => console.log(line);
await orNone(fetchBaresip({ onProgress }));
await orNone(fetchChromium({ onProgress }));
await orNone(fetchKamailio({ onProgress }));
