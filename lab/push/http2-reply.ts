/** What any server can do with one request over HTTP/2, beside what it says in its own words. */
import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Connections } from './connections.ts';
import type { Reply } from './performer.ts';

interface OwnWords extends Pick<Reply, 'accept' | 'refuse'> {
  /** Of the answers that have no body of their own. */
  readonly headers: OutgoingHttpHeaders;
  /** What an answer begins with that never ends. */
  readonly beginning: { readonly status: number; readonly text: string };
}

export function http2Reply(stream: ServerHttp2Stream, connections: Connections, own: OwnWords): Reply {
  return {
    accept: () => stream.destroyed || own.accept(),
    refuse: (answer) => stream.destroyed || own.refuse(answer),
    garbage({ status, body, headers }) {
      if (stream.destroyed) return;
      stream.respond({ ':status': status, ...headers });
      stream.end(body);
    },
    pour(what) {
      if (stream.destroyed) return false;
      if (what === 'body' && !stream.headersSent) stream.respond({ ':status': 200, ...own.headers });
      if (what === 'body') stream.write('x'.repeat(1000));
      if (what === 'interim answers') stream.additionalHeaders({ ':status': 103 });
      if (what === 'settings') stream.session?.settings({ initialWindowSize: 65_535 });
      if (what === 'promises' && stream.pushAllowed)
        stream.pushStream({ ':path': '/' }, (_, promised) => promised?.on('error', () => undefined));
      return true;
    },
    begin(then) {
      stream.respond({ ':status': own.beginning.status, ...own.headers });
      stream.write(own.beginning.text, then);
    },
    breakOff: () => connections.drop(stream.session?.socket.remotePort),
    giveUp(answer) {
      const { session } = stream;
      if (answer.kind === 'reset') stream.close(answer.code ?? constants.NGHTTP2_REFUSED_STREAM);
      else {
        session?.goaway(constants.NGHTTP2_NO_ERROR, 0);
        setImmediate(() => session?.destroy());
      }
    },
  };
}
