/**
 * Serves the page of the UC Assistant on loopback, for Chromium lets only a page from there talk to loopback. It must never serve anything else.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

export interface PageServer extends AsyncDisposable {
  readonly url: string;
}

/** JsSIP comes as CommonJS modules; the browser wants one file. */
async function bundle(): Promise<string> {
  await using build = await rolldown({ input: join(import.meta.dirname, 'uc-page.js'), platform: 'browser' });
  const { output } = await build.generate({ format: 'iife' });
  return output[0].code;
}

export async function servePage(): Promise<PageServer> {
  const script = await bundle();
  const server = createServer((request, response) => {
    const isScript = request.url === '/uc.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isScript ? script : '<!doctype html><title>UC Assistant</title><script src="/uc.js"></script>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
