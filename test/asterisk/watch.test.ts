/** What is news to a watch, and that two calls share a subscription. */
import { describe, expect, it } from 'vitest';
import { Subscriptions } from '../../src/asterisk/app/subscriptions.ts';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { ContactWatch } from '../../src/asterisk/registrations/contact-watch.ts';
import type { FoundContact } from '../../src/asterisk/registrations/contacts.ts';
import type { Contact } from '../../src/call/ports.ts';
import { systemClock } from '../../src/system/clock.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';
import { toldLog } from './told-log.ts';

const M1 = 'PJSIP/m1';
const found = (uri: string, expiresAtSec: number, endpoint = M1) => ({
  endpoint,
  uri,
  expiresAtSec,
  contactId: `m1;@${uri}`,
});

const markOf = (phone: string) => ({ registration: `${phone}'s`, make: phone });

function watchFrom(known: readonly Contact[]) {
  const told: string[] = [];
  const phones: string[] = [];
  const watch = new ContactWatch([M1], known, '1.1', {
    onContact: (contact) => told.push(`${contact.uri} ${contact.expiresAtSec}`),
    onPhone: ({ uri, phone }) => phones.push(`${uri} ${phone?.make}`),
    onGone: ({ uri }) => told.push(`${uri} is gone`),
  });
  const look = (contacts: readonly FoundContact[], began = watch.lookBegins()) => watch.found(contacts, began);
  return { watch, look, told, phones };
}

describe('a watch over contacts', () => {
  it('tells which phone has been announced as soon as a look has found it, once', () => {
    const { watch, look, told, phones } = watchFrom([{ endpoint: M1, uri: 'old', expiresAtSec: 100 }]);
    watch.announced(M1, 'new');
    const both = [
      found('old', 100),
      { ...found('new', 200), phone: markOf('one') },
      { ...found('other', 300), phone: markOf('two') },
    ];
    look(both);
    look(both);
    expect(told).toEqual(['new undefined', 'other 300']);
    expect(phones).toEqual(['new one']);
  });

  it('tells what was not known, once', () => {
    const { watch, look, told } = watchFrom([{ endpoint: M1, uri: 'old', expiresAtSec: 100 }]);
    look([found('old', 100), found('new', 200), found('other', 1, 'PJSIP/m2')]);
    look([found('old', 100), found('new', 200)]);
    expect(told).toEqual(['new 200']);
    expect(watch.contactIds()).toEqual(['m1;@old', 'm1;@new']);
  });

  it('tells an announced one at once, and not again when it is found', () => {
    const { watch, look, told } = watchFrom([]);
    expect(watch.announced(M1, 'new')).toBe(false);
    expect(watch.announced(M1, 'new')).toBe(true);
    look([found('new', 200)]);
    expect(told).toEqual(['new undefined']);
    look([found('new', 201)]);
    expect(told).toEqual(['new undefined', 'new 201']);
  });

  it('tells when an expiry has moved, and forgets what is gone', () => {
    const { watch, look, told } = watchFrom([{ endpoint: M1, uri: 'old', expiresAtSec: 100 }]);
    look([found('old', 100)]);
    watch.read('m1;@old', 100);
    watch.read('m1;@old', 130);
    watch.read('m1;@else', 1);
    expect(told).toEqual(['old 130']);
    watch.read('m1;@old', undefined);
    expect(watch.contactIds()).toEqual([]);
    watch.announced(M1, 'old');
    expect(told).toEqual(['old 130', 'old is gone', 'old undefined']);
  });

  it('tells one that was removed and came back', () => {
    const { watch, told } = watchFrom([{ endpoint: M1, uri: 'old', expiresAtSec: 100 }]);
    watch.removed(M1, 'old');
    watch.removed(M1, 'never was');
    expect(watch.announced(M1, 'old')).toBe(false);
    expect(told).toEqual(['old is gone', 'old undefined']);
  });

  it('wants to look at an announced one, and outlives a look that began before the announcement', () => {
    const { watch, look, told } = watchFrom([]);
    const began = watch.lookBegins();
    watch.announced(M1, 'new');
    expect(watch.hasUnread()).toBe(true);
    look([], began);
    look([found('new', 200)]);
    expect(watch.hasUnread()).toBe(false);
    expect(told).toEqual(['new undefined']);
  });

  it('forgets an announced one that a look after it did not find', () => {
    const { watch, look, told } = watchFrom([]);
    watch.announced(M1, 'new');
    look([]);
    expect(watch.hasUnread()).toBe(false);
    watch.announced(M1, 'new');
    expect(told).toEqual(['new undefined', 'new is gone', 'new undefined']);
  });

  it('tells that one is gone before it tells whose the one is that has taken its place', () => {
    const order: string[] = [];
    const watch = new ContactWatch([M1], [], '1.1', {
      onContact: ({ uri }) => order.push(`${uri} announced`),
      onPhone: ({ uri }) => order.push(`${uri} known`),
      onGone: ({ uri }) => order.push(`${uri} gone`),
    });
    watch.announced(M1, 'first');
    watch.announced(M1, 'next');
    watch.found([found('next', 200)], watch.lookBegins());
    expect(order).toEqual(['first announced', 'next announced', 'first gone', 'next known']);
  });

  it('tells that one is gone which Asterisk no longer has when its expiry is read', () => {
    const { watch, look, told } = watchFrom([]);
    look([found('new', 200)]);
    watch.read('m1;@new', undefined);
    watch.read('m1;@new', undefined);
    expect(told).toEqual(['new 200', 'new is gone']);
  });

  it('tells nothing once closed', () => {
    const { watch, told } = watchFrom([]);
    watch.open = false;
    watch.announced(M1, 'new');
    watch.removed(M1, 'new');
    expect(told).toEqual([]);
  });
});

describe('subscriptions', () => {
  const setUp = async () => {
    const pbx = await PbxStub.start();
    const requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    const log = toldLog();
    const orders = () => pbx.requests.map(({ method, query }) => `${method} ${query.get('eventSource')}`);
    return { pbx, requests, log, orders, subscriptions: new Subscriptions(requests, 'app', log, systemClock) };
  };

  it('are asked for with the first user and ended with the last', async () => {
    const { pbx, requests, subscriptions, orders } = await setUp();
    await Promise.all([subscriptions.add(M1), subscriptions.add(M1)]);
    await subscriptions.remove(M1);
    expect(orders()).toEqual(['POST endpoint:PJSIP/m1']);
    await Promise.all([subscriptions.remove(M1), subscriptions.add(M1)]);
    expect(orders()).toHaveLength(1);
    pbx.answer = (_, response) => answerJson(response, 200, { endpoint_ids: [M1] });
    await subscriptions.renew();
    pbx.answer = (_, response) => answerJson(response, 200, { endpoint_ids: [] });
    await subscriptions.renew();
    await subscriptions.remove(M1);
    await subscriptions.remove(M1);
    await subscriptions.renew();
    expect(orders()).toEqual([
      'POST endpoint:PJSIP/m1',
      'GET null',
      'GET null',
      'POST endpoint:PJSIP/m1',
      'DELETE endpoint:PJSIP/m1',
      'GET null',
    ]);
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  it('whose answers were lost are ended after the reconnect, as often as Asterisk counted them', async () => {
    const { pbx, requests, subscriptions, orders } = await setUp();
    pbx.answer = (_, response) => response.destroy();
    await expect(subscriptions.add(M1)).rejects.toThrow();
    await subscriptions.remove(M1);
    let counted = 2;
    pbx.answer = ({ method }, response) => {
      if (method === 'DELETE') counted -= 1;
      answerJson(response, 200, { endpoint_ids: counted > 0 ? [M1] : [] });
    };
    const before = orders().length;
    await subscriptions.renew();
    await subscriptions.endUnused();
    expect(orders().slice(before)).toEqual(['GET null', 'DELETE endpoint:PJSIP/m1', 'DELETE endpoint:PJSIP/m1']);
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });

  it('to an endpoint that Asterisk does not know are no fault', async () => {
    const { pbx, requests, subscriptions, log } = await setUp();
    pbx.answer = (_, response) => answerJson(response, 422, { message: 'Event source does not exist' });
    await subscriptions.add(M1);
    expect(log.told).toMatchObject([{ level: 'warn', fields: { endpoint: M1 } }]);
    pbx.answer = (_, response) => answerJson(response, 500, { message: 'no' });
    await expect(subscriptions.add('PJSIP/m2')).rejects.toThrow('HTTP 500');
    await subscriptions.remove('PJSIP/m2');
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });
});
