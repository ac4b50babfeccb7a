/** The life of an access token, in virtual time against the lab's token endpoint. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../lab/fakes/clock.ts';
import { fakeLog } from '../../lab/fakes/log.ts';
import { refuse } from '../../lab/push/answers.ts';
import { type PushServices, startPushServices } from '../../lab/push/services.ts';
import { readServiceAccount } from '../../src/push/credentials.ts';
import { Addresses } from '../../src/push/dns-cache.ts';
import { FcmTokens } from '../../src/push/fcm/access-token.ts';
import { TokenAgent } from '../../src/push/fcm/token-agent.ts';
import { NoToken } from '../../src/push/push-service.ts';
import { eventually } from './eventually.ts';

let services: PushServices;
let agent: TokenAgent;
let clock: VirtualClock;
let tokens: FcmTokens;
beforeEach(async () => {
  services = await startPushServices();
  const { FCM_URL: url, FCM_CREDENTIALS_FILE: file } = services.environment;
  agent = new TokenAgent(new URL(url), services.ca, new Addresses(fakeLog()));
  clock = new VirtualClock(0, Date.now());
  tokens = new FcmTokens(readServiceAccount(file), agent, clock);
});
afterEach(async () => {
  await agent.close();
  await services.close();
});

it('is kept while it is young', async () => {
  const first = await tokens.current();
  await clock.advance(2_800_000);
  expect(await tokens.current()).toBe(first);
  expect(services.fcm.tokensIssued).toBe(1);
});

it('is renewed in its last part, while it still serves', async () => {
  const first = await tokens.current();
  await clock.advance(2_900_000);
  expect(await tokens.current()).toBe(first);
  await eventually(() => tokens.current()).not.toBe(first);
  expect(services.fcm.tokensIssued).toBe(2);
});

it('serves on where the renewal fails, and is tried again', async () => {
  const first = await tokens.current();
  services.fcm.tokenAnswers.next(1, refuse(503, 'UNAVAILABLE'));
  await clock.advance(2_900_000);
  expect(await tokens.current()).toBe(first);
  await eventually(() => tokens.current()).not.toBe(first);
});

it('is not sent in its last seconds', async () => {
  const first = await tokens.current();
  await clock.advance(3_595_000);
  expect(await tokens.current()).not.toBe(first);
});

it('is fetched anew after it was discarded, but not for another one', async () => {
  const first = await tokens.current();
  tokens.discard('another');
  expect(await tokens.current()).toBe(first);
  tokens.discard(first);
  expect(await tokens.current()).not.toBe(first);
});

it('says what it means for the push where there is none', async () => {
  services.fcm.tokenAnswers.toAll(refuse(503, 'UNAVAILABLE'));
  await expect(tokens.current()).rejects.toThrow(NoToken);
});
