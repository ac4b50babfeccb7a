/** The log: what a line shows, what it must not show, and that no line is lost at the end. */
import { execFile } from 'node:child_process';
import { Writable } from 'node:stream';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type LogOptions, openLog } from '../../src/system/log.ts';
import { maskNumber, redact } from '../../src/system/redact.ts';

function paper(options: Partial<LogOptions> = {}) {
  let text = '';
  const to = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  const log = openLog({ level: 'info', to, ...options });
  const read = async (): Promise<string[]> => {
    await log.close();
    return text.split('\n').slice(0, -1);
  };
  return { log, read, to };
}

describe('a line', () => {
  it('has time, level, message and fields', async () => {
    const { log, read } = paper();
    log.info('call ended', { callId: 'c1', outcome: 'no-answer', ms: 12.5, detail: 'two words', none: undefined });
    log.warn('careful');
    expect(await read()).toEqual([
      expect.stringMatching(
        /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {2}call ended callId=c1 outcome=no-answer ms=12.5 detail="two words"$/,
      ),
      expect.stringMatching(/ WARN {2}careful$/),
    ]);
  });

  it('is one line whatever a client has written into it', async () => {
    const { log, read } = paper();
    log.error('got "x\n2024 INFO forged\u001b[31m"', { name: 'a\nb', other: { deep: '\r\n' } });
    const lines = await read();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('\\n2024 INFO forged\\u001b[31m');
  });

  it('is left out below the level', async () => {
    const { log, read } = paper({ level: 'warn' });
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d');
    expect(await read()).toHaveLength(2);
  });

  it('has its priority before it in systemd’s journal, and so has each line of a stack', async () => {
    const { log, read } = paper({ shape: 'journal' });
    log.info('fine');
    log.error('bad', { fault: new Error('x') });
    const [fine = '', ...bad] = await read();
    expect(fine).toMatch(/^<6>\d{4}-.* INFO {2}fine$/);
    expect(bad.length).toBeGreaterThan(1);
    expect(bad.filter((line) => !line.startsWith('<3>'))).toEqual([]);
  });

  it('is JSON where that is asked for', async () => {
    const { log, read } = paper({ shape: 'json' });
    log.info('hello', { user: 'anna', ms: 3 });
    const [line = ''] = await read();
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/Z$/),
      level: 'info',
      message: 'hello',
      fields: { user: 'anna', ms: 3 },
    });
  });

  it('shows an error with message, code, cause and stack', async () => {
    const error = Object.assign(new TypeError('no route', { cause: new Error('refused') }), { code: 'ENOENT' });
    const lines = paper();
    lines.log.error('failed', { error });
    const text = await lines.read();
    expect(text[0]).toMatch(/ERROR failed error=.*"message":"no route".*"code":"ENOENT".*"message":"refused"/);
    expect(text[1]).toBe('    TypeError: no route');
    expect(text[2]).toMatch(/^ {8}at .*log\.test\.ts/);
    const json = paper({ shape: 'json' });
    json.log.error('failed', { error });
    const [line = ''] = await json.read();
    expect(JSON.parse(line).fields.error).toMatchObject({
      name: 'TypeError',
      message: 'no route',
      code: 'ENOENT',
      stack: expect.stringContaining('log.test.ts'),
      cause: { message: 'refused' },
    });
  });
});

describe('what must not be shown', () => {
  it('are secrets, at any level and depth', async () => {
    const { log, read } = paper({ level: 'debug' });
    const secrets = { token: 'S3', alertToken: 'S3', password: 'S3', apiKey: 'S3', API_KEY: 'S3', Authorization: 'S3' };
    log.debug('x', {
      ...secrets,
      device: { ...secrets, list: [secrets] },
      tokens: ['S3'],
      map: new Map([['token', 'S3']]),
    });
    log.error('y', { error: Object.assign(new Error('z'), { config: { password: 'S3' } }) });
    const text = (await read()).join('\n');
    expect(text).not.toContain('S3');
    expect(text).toContain('token=(hidden)');
  });

  it('are full numbers at info and above; debug shows them', async () => {
    const { log, read } = paper({ level: 'debug' });
    const fields = {
      caller: { name: '+33 1 23 45 67 89', number: '+33123456789' },
      callerNumber: '0612345678',
      exten: 1042,
    };
    log.info('x', fields);
    log.debug('x', fields);
    const [info = '', debug = ''] = await read();
    expect(info).not.toMatch(/3456|1042|45 67/);
    expect(info).toContain('…789');
    expect(debug).toContain('+33123456789');
  });

  it('leave the rest as it is', () => {
    const shared = { a: 1 };
    const value = {
      name: 'Anna 4',
      callId: '1700000000.12',
      dead: true,
      token: undefined,
      deadToken: true,
      nothing: null,
    };
    expect(redact({ ...value, one: shared, two: shared }, { maskNumbers: true })).toEqual({
      ...value,
      one: shared,
      two: shared,
    });
  });

  it('never make it throw', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const deep = JSON.parse(`${'{"a":'.repeat(50)}1${'}'.repeat(50)}`);
    const trap = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('trap');
      },
    });
    const odd = {
      circle,
      deep,
      trap,
      big: 10n,
      symbol: Symbol('s'),
      f: () => 1,
      bytes: Buffer.from('ab'),
      never: new Date(Number.NaN),
    };
    expect(
      JSON.stringify(redact({ ...odd, set: new Set([1]), url: new URL('http://u:p@h/x?k=1') }, { maskNumbers: true })),
    ).toBe(
      '{"circle":{"self":"(circular)"},"deep":{"a":{"a":{"a":{"a":{"a":"(too deep)"}}}}},"trap":"(unreadable)","big":"10","symbol":"Symbol(s)","f":"(function)","bytes":"(2 bytes)","never":"(no date)","set":[1],"url":"http://h/x"}',
    );
  });

  it.each([
    ['+33123456789', '…789'],
    ['06 12 34 56 78', '…678'],
    ['1042', '…42'],
    ['12', '…'],
    ['', ''],
    ['anonymous', '…'],
  ])('shows the number %j as %j', (number, shown) => {
    expect(maskNumber(number)).toBe(shown);
  });
});

describe('the end of the log', () => {
  it('loses no line of a process that exits right after it', { timeout: 60_000 }, async () => {
    const script = `
      import { openLog } from ${JSON.stringify(new URL('../../src/system/log.ts', import.meta.url).href)};
      const log = openLog({ level: 'info', to: process.stdout });
      for (let n = 1; n <= 20000; n += 1) log.info('line', { n });
      await log.close();
      process.exit(0);`;
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      maxBuffer: 2 ** 26,
    });
    const lines = (await run).stdout.split('\n').slice(0, -1);
    expect(lines).toHaveLength(20_000);
    expect(lines.at(-1)).toMatch(/n=20000$/);
  });

  it('drops what comes later, and survives a stream that breaks', async () => {
    const { log, read } = paper();
    log.info('a');
    await log.close();
    log.info('b');
    await log.close();
    expect(await read()).toHaveLength(1);

    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const other = openLog({ level: 'info', to: broken });
    other.info('a');
    other.info('b');
    await other.close();
  });
});
