/**
 * Reads a request's JSON body, as far as it is worth reading. It must never hold more than the limit in memory, and never throw anything
 * but a Problem or ClientGone.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from './problem.ts';
import { namedTwice } from './twins.ts';

const largestBodyBytes = 64 * 1024;
/** How much of a refused body is let through to nowhere, so that its sender can read our answer. After that the connection is cut. */
const patienceBytes = { withKey: 4 * 1024 * 1024, withoutKey: largestBodyBytes } as const;

/** The client went away in the middle of its request: nobody is left to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

export async function readJson(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  checkMediaType(request);
  if (Number(request.headers['content-length'] ?? 0) > largestBodyBytes) throw tooLarge();
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const bytes = await readBytes(request);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('malformed-json', 'The body is not UTF-8.');
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Problem('malformed-json', text.trim() === '' ? 'The body is empty.' : 'The body is no JSON.');
  }
  const twice = namedTwice(text);
  if (twice !== undefined)
    throw new Problem('malformed-json', `The body names ${JSON.stringify(twice.slice(0, 64))} more than once.`);
  return body;
}

/** Lets what is left of a request run out without keeping it, so that the connection can go on; a flood is cut off. */
export function discardRest(request: IncomingMessage, hasKey: boolean): void {
  let left: number = patienceBytes[hasKey ? 'withKey' : 'withoutKey'];
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.on('error', () => undefined);
}

function checkMediaType(request: IncomingMessage): void {
  const type = (request.headers['content-type'] ?? '').toLowerCase().replaceAll(' ', '');
  if (!/^application\/json(;charset="?utf-8"?)?$/.test(type))
    throw new Problem('unsupported-media-type', 'Send the body as Content-Type: application/json, in UTF-8.');
  if (!/^(identity)?$/.test(request.headers['content-encoding'] ?? ''))
    throw new Problem('unsupported-media-type', 'Send the body without Content-Encoding.');
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (): void => {
      request.off('data', take).off('end', finish).off('close', leave).off('error', leave);
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= largestBodyBytes) {
        chunks.push(chunk);
        return;
      }
      stop();
      reject(tooLarge());
    };
    const finish = (): void => {
      stop();
      resolve(Buffer.concat(chunks));
    };
    const leave = (): void => {
      stop();
      reject(new ClientGone('the client left in the middle of its request'));
    };
    request.on('data', take).on('end', finish).on('close', leave).on('error', leave);
  });
}

function tooLarge(): Problem {
  return new Problem('body-too-large', `A body may have ${largestBodyBytes} bytes at most.`);
}
