/**
 * The router's database out of order, as it happens: another program locks it, its disk is full, it is gone, it is garbage. Everything is done to the real
 * file under the running router, from outside. heal() undoes whatever was done and returns when the router uses the database again.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { awaitThat } from '../asterisk/deadline.ts';
import { SOON_MS } from '../handset.ts';
import type { Lab } from '../lab.ts';

const part = z.object({ ok: z.boolean(), why: z.string().optional() });
const health = z.object({ status: z.string(), parts: z.object({ ari: part, store: part, fcm: part, apns: part }) });
type Health = z.infer<typeof health>;

/** What /healthz says, whatever its status. */
export async function healthOf({ router }: Lab): Promise<{ readonly status: number; readonly parts: Health['parts'] }> {
  const answer = await fetch(`${router.url}/healthz`);
  return { status: answer.status, parts: health.parse(await answer.json()).parts };
}

export class SickStore {
  readonly file: string;
  readonly #lab: Lab;
  #heal: () => void = () => undefined;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.file = (lab.router.environment.DATABASE_URL ?? '').replace(/^sqlite:/, '');
  }

  /** Another program writes and does not end. */
  lock(): void {
    const other = new DatabaseSync(this.file);
    other.exec('BEGIN EXCLUSIVE');
    this.#heal = () => other.close();
  }

  /** No file of the router can be written any more. */
  fill(): void {
    const limit = (bytes: string) =>
      execFileSync('/usr/bin/prlimit', ['--pid', String(this.#lab.router.pid), `--fsize=${bytes}:unlimited`]);
    limit('1');
    this.#heal = () => limit('unlimited');
  }

  takeAway(): void {
    const aside = `${this.file}.aside`;
    renameSync(this.file, aside);
    this.#heal = () => renameSync(aside, this.file);
  }

  /** A copy is kept, and comes back as another file. */
  garble(): void {
    const copy = `${this.file}.copy`;
    const other = new DatabaseSync(this.file);
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    other.close();
    copyFileSync(this.file, copy);
    writeFileSync(this.file, randomBytes(statSync(this.file).size));
    this.#heal = () => renameSync(copy, this.file);
  }

  /** Writes until the router has found out; gives the answer: status and Retry-After. */
  async noticed(): Promise<readonly [status: number, retryAfter: string | null]> {
    const { router } = this.#lab;
    return await awaitThat(
      async () => {
        const answer = await fetch(`${router.url}/v1/users/sick-store`, {
          method: 'PUT',
          headers: { authorization: `Bearer ${router.environment.API_KEY}`, 'content-type': 'application/json' },
          body: JSON.stringify({ ringingDevice: 'WebApp' }),
        });
        await answer.text();
        return answer.status === 503 ? ([503, answer.headers.get('retry-after')] as const) : undefined;
      },
      SOON_MS,
      async () => `the router still writes\n${router.log.tail()}`,
    );
  }

  async heal(): Promise<void> {
    this.#heal();
    this.#heal = () => undefined;
    await awaitThat(
      async () => ((await healthOf(this.#lab)).parts.store.ok ? true : undefined),
      SOON_MS,
      async () => `the database is not used again\n${this.#lab.router.log.tail()}`,
    );
    await this.#lab.api.remove('/v1/users/sick-store');
  }
}
