/**
 * baresip, a real SIP softphone, as a process of its own: a mobile that a push starts, or a caller. It sends a tone from a file, and what it hears is read from
 * the file that it records into. It must not outlive whoever started it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LabAsterisk } from '../asterisk/asterisk.ts';
import { awaitThat } from '../asterisk/deadline.ts';
import { endsWithParent } from '../asterisk/process.ts';
import { writeTone } from '../asterisk/tone.ts';
import { awaitedOf, SOON_MS, type Sound } from '../handset.ts';
import type { Mobile } from '../mobile.ts';
import { chooseTone } from '../phone/tone.ts';
import { BaresipControl, type BaresipEvent } from './baresip-control.ts';
import { hearsIn } from './ear.ts';
import type { BaresipInstall } from './fetch-clients.ts';

const TONE_SECONDS = 60;
const REGISTERS_FOR_SECONDS = 120;
const TOLD_CHARACTERS = 12_000;
const ENDS_WITHIN_MS = 3_000;
const WAV_HEADER_BYTES = 44;

export class Baresip implements AsyncDisposable {
  readonly toneHz: number;
  readonly #events: BaresipEvent[] = [];
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;
  #control: BaresipControl | undefined;
  #output = '';

  private constructor(child: ChildProcess, folder: string, toneHz: number) {
    this.#child = child;
    this.#folder = folder;
    this.toneHz = toneHz;
    this.#gone = once(child, 'exit');
    const keep = (chunk: Buffer): void => {
      this.#output += chunk.toString('utf8');
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  /** Starts it; resolves when it is registered as that endpoint, whose password is its name. */
  static async start(install: BaresipInstall, asterisk: LabAsterisk, account: string): Promise<Baresip> {
    const folder = await mkdtemp(join(tmpdir(), 'lab-baresip-'));
    const toneHz = chooseTone();
    const port = await freePort();
    await mkdir(join(folder, 'heard'));
    await writeTone(join(folder, 'tone.wav'), toneHz, TONE_SECONDS);
    await writeFile(join(folder, 'config'), configOf(install, folder, port));
    for (const name of ['accounts', 'contacts']) await writeFile(join(folder, name), '');
    const [file = '', ...args] = endsWithParent([...install.command, '-s', '-4', '-f', folder]);
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { HOME: folder, PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    });
    const baresip = new Baresip(child, folder, toneHz);
    try {
      await baresip.#openControl(port);
      // Not before: a call comes as soon as it is registered, and what has happened before somebody listens is not told.
      const uri = `sip:${account}@${asterisk.sipHost}:${asterisk.sipPort}`;
      baresip.command('uanew', `<${uri}>;auth_user=${account};auth_pass=${account};regint=${REGISTERS_FOR_SECONDS}`);
      await baresip.waitFor('REGISTER_OK');
      return baresip;
    } catch (error) {
      await baresip.stop();
      throw error;
    }
  }

  /** The next push of a call starts it in the mobile's place. */
  static startedBy(mobile: Mobile, install: BaresipInstall, asterisk: LabAsterisk): Promise<Baresip> {
    const account = mobile.endpoint.replace('PJSIP/', '');
    return new Promise((resolve, reject) => {
      mobile.onPush = ({ payload }) => {
        if (payload.type === 'incoming-call') Baresip.start(install, asterisk, account).then(resolve, reject);
      };
    });
  }

  /** The first event of that type, also one that has come already: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, … */
  waitFor(type: string, withinMs = SOON_MS): Promise<BaresipEvent> {
    return awaitThat(
      async () => this.#events.find((event) => event.type === type),
      withinMs,
      async () => `baresip told no ${type}, but ${this.#events.map((event) => event.type).join(', ')}\n${this.#tail()}`,
    );
  }

  /** One of its own commands: dial, accept, hangup, hold, resume, transfer. */
  command(command: string, params = ''): void {
    this.#control?.send(command, params);
  }

  /** Takes the call, as soon as it is there. */
  async answer(): Promise<void> {
    await this.waitFor('CALL_INCOMING');
    this.command('accept');
    await this.waitFor('CALL_ESTABLISHED');
  }

  /** Waits until it hears that. */
  hears(sound: Sound, withinMs = SOON_MS): Promise<void> {
    return hearsIn(
      () => this.#heard(),
      awaitedOf(sound),
      withinMs,
      () => this.#tail(),
    );
  }

  /** Its log with all SIP messages. */
  get output(): string {
    return this.#output;
  }

  /** Ends it without any warning, as a phone's system does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#gone;
  }

  /** Unregisters, and ends it. */
  async stop(): Promise<void> {
    this.#control?.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), ENDS_WITHIN_MS);
      await this.#gone;
      clearTimeout(timer);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #openControl(port: number): Promise<void> {
    this.#control = await awaitThat(
      async () => {
        if (this.#child.exitCode !== null) throw new Error(`baresip has ended\n${this.#tail()}`);
        return await BaresipControl.open(port, (event) => this.#events.push(event));
      },
      SOON_MS,
      async () => `baresip has no control socket\n${this.#tail()}`,
    );
  }

  #tail(): string {
    return this.#output.slice(-TOLD_CHARACTERS);
  }

  /** All that it has played in its latest call. */
  async #heard(): Promise<Int16Array> {
    const folder = join(this.#folder, 'heard');
    const latest = (await readdir(folder))
      .filter((name) => name.endsWith('-dec.wav'))
      .sort()
      .at(-1);
    if (latest === undefined) return new Int16Array();
    const bytes = (await readFile(join(folder, latest))).subarray(WAV_HEADER_BYTES);
    return Int16Array.from({ length: Math.floor(bytes.length / 2) }, (_, index) => bytes.readInt16LE(index * 2));
  }
}

function configOf({ moduleFolder }: BaresipInstall, folder: string, controlPort: number): string {
  return `poll_method epoll
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
audio_path ${folder}
audio_player aubridge,null
audio_alert aubridge,null
audio_source aufile,${join(folder, 'tone.wav')}
jitter_buffer_type fixed
jitter_buffer_delay 1-5
snd_path ${join(folder, 'heard')}
module_path ${moduleFolder}
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${controlPort}
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
