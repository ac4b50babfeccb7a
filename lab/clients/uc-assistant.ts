/**
 * A UC Assistant: a page in Chromium that registers over wss by JsSIP, rings, talks, holds and transfers. It tells what the page told, and adds no behaviour
 * of its own (uc-page.js has it).
 */
import type { BrowserContext, Page } from 'playwright-core';
import { z } from 'zod';
import type { LabAsterisk } from '../asterisk/asterisk.ts';
import { awaitThat } from '../asterisk/deadline.ts';
import { awaitedOf, SOON_MS, type Sound } from '../handset.ts';
import { nowMs } from '../phone/clock.ts';
import type { Chromium } from './chromium.ts';
import { hearsIn } from './ear.ts';

const toldSchema = z.object({
  what: z.string(),
  /** Which of the page's calls, the first is 0. */
  session: z.number().optional(),
  by: z.string().optional(),
  cause: z.string().optional(),
  /** The SIP header Reason of whatever ended it. */
  reason: z.string().optional(),
  from: z.string().optional(),
  direction: z.string().optional(),
  text: z.string().optional(),
});
export type Told = z.infer<typeof toldSchema>;

export class UcAssistant implements AsyncDisposable {
  readonly toneHz: number;
  /** What the page told, oldest first, without SIP. */
  readonly events: Told[] = [];
  readonly #context: BrowserContext;
  readonly #page: Page;
  readonly #trace: string[] = [];

  private constructor(context: BrowserContext, page: Page, toneHz: number) {
    this.#context = context;
    this.#page = page;
    this.toneHz = toneHz;
    page.on('console', (message) => this.#trace.push(`page: ${message.text()}`));
    page.on('pageerror', (error) => this.#trace.push(`page: ${error.stack ?? error.message}`));
  }

  /** Opens the page and registers as that endpoint, whose password is its name. */
  static async open(chromium: Chromium, asterisk: LabAsterisk, account: string): Promise<UcAssistant> {
    const context = await chromium.browser.newContext({ ignoreHTTPSErrors: true, permissions: ['microphone'] });
    const page = await context.newPage();
    const assistant = new UcAssistant(context, page, chromium.toneHz);
    try {
      await page.exposeFunction('told', (event: unknown) => assistant.#take(toldSchema.parse(event)));
      await page.goto(chromium.pageUrl);
      const { webSocketUrl: url, sipHost: host } = asterisk;
      await assistant.#do('register', { url, account, password: account, host });
      await assistant.waitFor('registered');
      return assistant;
    } catch (error) {
      await context.close();
      throw error;
    }
  }

  /** The first such event, of that call where one is given, also one that has come already. */
  waitFor(what: string, session?: number, withinMs = SOON_MS): Promise<Told> {
    return awaitThat(
      async () =>
        this.events.find((event) => event.what === what && (session === undefined || event.session === session)),
      withinMs,
      async () => `the UC Assistant told no ${what}, but ${JSON.stringify(this.events)}\n${this.trace}`,
    );
  }

  /** Takes its call, as soon as it is there; both ends know of it then. */
  async answer(session = 0): Promise<void> {
    await this.waitFor('incoming', session);
    await this.#do('answer', session);
    await this.waitFor('confirmed', session);
  }

  async refuse(status: number, session = 0): Promise<void> {
    await this.waitFor('incoming', session);
    await this.#do('refuse', session, status);
  }

  async hold(session = 0): Promise<void> {
    await this.#do('hold', session);
    await this.waitFor('hold', session);
  }

  async unhold(session = 0): Promise<void> {
    await this.#do('unhold', session);
    await this.waitFor('unhold', session);
  }

  /** Calls a number; the call that it begins is told by `outgoing`. */
  async call(number: string): Promise<void> {
    await this.#do('call', number);
  }

  /** Blind. */
  async transfer(number: string, session = 0): Promise<void> {
    await this.#do('transfer', session, number);
  }

  /** Connects the other sides of two of its calls. */
  async join(session: number, other: number): Promise<void> {
    await this.#do('transfer', session, null, other);
  }

  async hangUp(session = 0): Promise<void> {
    await this.#do('hangUp', session);
  }

  /** Waits until it hears that. */
  hears(sound: Sound, session = 0, withinMs = SOON_MS): Promise<void> {
    const samples = async () => Int16Array.from(z.array(z.number()).parse(await this.#do('hear', session)));
    return hearsIn(samples, awaitedOf(sound), withinMs, () => this.trace);
  }

  /** SIP messages and the page's console, oldest first. */
  get trace(): string {
    return this.#trace.join('\n');
  }

  /** Unregisters, and closes the page. */
  async close(): Promise<void> {
    await this.#do('stop').catch(() => undefined);
    await this.#context.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #take(event: Told): void {
    if (event.what === 'sip') this.#trace.push(`${nowMs().toFixed(1)} ms ${event.direction}\n${event.text}`);
    else this.events.push(event);
  }

  #do(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const list = args.map((arg) => (arg === null ? 'undefined' : JSON.stringify(arg))).join(', ');
    return this.#page.evaluate(`uc.${method}(${list})`);
  }
}
