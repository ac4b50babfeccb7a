/**
 * An Asterisk as AGI() is on the wire, for tests of our side of it: sends a request, obeys commands on a channel of its own that has variables and nothing else, and can be told to be
 * slow, dead or wrong. What it answers, and how, was taken from Asterisk 16 and 22. It must never know what the commands are for.
 */
import { connect, type Socket } from 'node:net';

/** The lines that Asterisk sends before its first answer. */
export function requestLines(
  script: string,
  args: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
) {
  const fields = {
    agi_network: 'yes',
    agi_network_script: script,
    agi_request: `agi://127.0.0.1/${script}`,
    agi_channel: 'PJSIP/trunk-00000001',
    agi_language: 'en',
    agi_type: 'PJSIP',
    agi_uniqueid: '1700000000.1',
    agi_version: '22.10.1',
    agi_callerid: '0612345678',
    agi_calleridname: 'Carol',
    agi_accountcode: '',
    ...more,
    ...Object.fromEntries(args.map((arg, index) => [`agi_arg_${index + 1}`, arg])),
  };
  return Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
}

export class DialplanClient {
  readonly socket: Socket;
  readonly commands: string[] = [];
  /** By expression: `XIVO_MAPP_DEVICE`, `GLOBAL(X)`, `PJSIP_AOR(a,contact)`. */
  readonly variables = new Map<string, string>([['CHANNEL(state)', 'Ring']]);
  /** Resolves when the connection has ended, however. */
  readonly ended: Promise<void>;
  /** Answers a command in place of the usual; undefined: not at all. */
  answers: (command: string, usual: string) => string | undefined = (_command, usual) => usual;
  #rest = '';
  readonly #awaited = new Set<() => void>();

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('utf8').on('data', (piece: string) => this.#take(piece));
    this.ended = new Promise((resolve) => this.socket.once('close', () => resolve()));
  }

  send(...lines: readonly string[]): void {
    this.socket.write(`${lines.join('\n')}\n`);
  }

  /** The request, whole. */
  ask(script: string, args: readonly string[] = [], more: Readonly<Record<string, string>> = {}): this {
    this.send(...requestLines(script, args, more), '');
    return this;
  }

  /** As soon as such a command has come; also one that has come already. */
  async commanded(wanted: RegExp): Promise<string> {
    for (;;) {
      const found = this.commands.find((command) => wanted.test(command));
      if (found !== undefined) return found;
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no ${wanted} among ${this.commands.join('\n')}`)), 5_000);
        this.#awaited.add(() => {
          clearTimeout(late);
          resolve();
        });
      });
    }
  }

  #take(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const command of lines) {
      this.commands.push(command);
      const answer = this.answers(command, this.#obey(command));
      if (answer !== undefined) this.socket.write(`${answer}\n`);
    }
    for (const wake of this.#awaited) wake();
    this.#awaited.clear();
  }

  #obey(command: string): string {
    const [, name = '', quoted = ''] = /^SET VARIABLE (\S+) "(.*)"$/.exec(command) ?? [];
    if (name !== '') {
      this.variables.set(name, quoted.replace(/\\(.)/g, '$1'));
      return '200 result=1';
    }
    const [, expression] = /^GET FULL VARIABLE (.+)$/.exec(command) ?? [];
    if (expression !== undefined) {
      const [, plain] = /^\$\{([^}]*)\}$/.exec(expression) ?? [];
      if (plain !== undefined) return `200 result=1 (${this.variables.get(plain) ?? ''})`;
      // What it sets is read by nobody here.
      const asked = expression.replace(/\$\{URIENCODE\(x\$\{SET\(TIMEOUT\(absolute\)=.*?\)\}\)\}\)\}/, 'x0');
      const told = asked.replaceAll(
        /\$\{URIENCODE\(x\$\{([^}]*)\}\)\}/g,
        (_, name: string) => `x${encodeURIComponent(this.variables.get(name) ?? '')}`,
      );
      return `200 result=1 (${told})`;
    }
    if (command.startsWith('STREAM FILE')) return '200 result=0 endpos=3404';
    return /^(EXEC|ANSWER|HANGUP|NOOP|SET MUSIC)/.test(command) ? '200 result=0' : '510 Invalid or unknown command';
  }
}
