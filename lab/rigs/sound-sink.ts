/**
 * A place where audio that nobody listens to can go: a UDP port of loopback that is open and never read, so that the kernel drops what comes at hardly any cost, where a closed port
 * would be answered by an error for each packet. The port is held by a thread that sleeps, for Node reads every socket that its event loop knows.
 */
import { Worker } from 'node:worker_threads';
import { z } from 'zod';

const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 4096 });
socket.bind(0, workerData, () => {
  parentPort.postMessage(socket.address().port);
  // Once the message is out: from then on this thread does nothing more.
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
});
`;

export class SoundSink implements AsyncDisposable {
  readonly port: number;
  readonly #thread: Worker;

  private constructor(port: number, thread: Worker) {
    this.port = port;
    this.#thread = thread;
  }

  /** @param host a loopback address */
  static async open(host: string): Promise<SoundSink> {
    const thread = new Worker(THREAD, { eval: true, workerData: host });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    thread.once('message', resolve).once('error', reject);
    return new SoundSink(z.number().parse(await promise), thread);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread.terminate();
  }
}
