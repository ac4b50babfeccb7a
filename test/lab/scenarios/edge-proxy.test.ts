/**
 * Phones behind an edge proxy, which Asterisk can reach only by the Path that it keeps with their contacts: two of one account, behind one address, whatever the user part of their contacts.
 * The proxy is a real Kamailio; the addresses that the phones register lead nowhere.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type EdgeProxy, startEdgeProxy } from '../../../lab/edge/kamailio.ts';
import { Handset } from '../../../lab/handset.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { createPhone, type Phone } from '../../../lab/phone/phone.ts';
import { LOOK_UP, OWN_DIALPLAN, tellWhere } from '../../../lab/rigs/own-dial.ts';

const EDGE = 'edge';
const ENDPOINT = `PJSIP/${EDGE}`;
const ways = [
  { way: 'the router', prefix: '', router: true },
  { way: "a dialplan's own Dial", prefix: LOOK_UP, router: true },
  { way: 'the dialplan without the router', prefix: '', router: false },
] as const;

describe.each([16, 22] as const)('phones behind an edge proxy, Asterisk %i', (version) => {
  let lab: Lab;
  let proxy: EdgeProxy;
  let phones: Phone[] = [];
  beforeAll(async () => {
    const endpoints = [{ name: EDGE, supportPath: true }];
    lab = await startLab({ version, asterisk: { endpoints, extraDialplan: OWN_DIALPLAN } });
    proxy = await startEdgeProxy({ host: lab.asterisk.sipHost, port: lab.asterisk.sipPort });
    await tellWhere(lab);
  });
  afterEach(async () => {
    await Promise.all(phones.map((phone) => phone.close()));
    phones = [];
    await lab.asterisk.cli('database deltree registrar');
    await lab.nothingRemains();
    if (!lab.router.isRunning) await lab.router.start();
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await lab?.stop();
  });

  async function phone(): Promise<Phone> {
    const made = await createPhone({ user: EDGE, password: EDGE, server: proxy.address });
    phones.push(made);
    return made;
  }
  const variables = { XIVO_MAPP_DEVICE: 'MobileApp', XIVO_MAPP_MOBILE_ENDPOINT: ENDPOINT, XIVO_INTERFACE: '' };

  describe.each([EDGE, 'another'])('registered as %s', (user) => {
    const at = (port: number) => ({ contactUris: [`sip:${user}@127.0.0.9:${port};pn-prid=a:remote&b:voip`] });

    it.each(ways)('ring by way of it, and are talked to, called by $way', async ({ prefix, router }) => {
      await lab.user({ ringingDevice: 'MobileApp', mobile: { is: 'off' }, inRegistry: false, variables });
      const [one, other] = [await phone(), await phone()];
      await one.register(at(5060));
      await other.register(at(5062));
      if (!router) await lab.router.terminate();
      const call = await lab.caller().call(`${prefix}1001`);
      const rung = await Promise.all([one, other].map((each) => each.nextCall(10_000)));
      expect(rung.length).toBe(2);
      const handset = new Handset(other, ENDPOINT);
      await handset.answer();
      await call.talksWith(handset);
      await call.hangUp();
      for (const each of [one, other]) expect(each.calls.length).toBe(1);
      await lab.ending(call);
    });

    it('rings by way of it as soon as it has woken', async () => {
      const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: {}, variables });
      const woken = await phone();
      alice.mobile.onPush = () => void woken.register(at(5060));
      const call = await lab.caller().call(alice);
      const handset = new Handset(woken, ENDPOINT);
      await handset.answer();
      await call.talksWith(handset);
      await call.hangUp();
      expect(woken.calls.length).toBe(1);
      await lab.ending(call);
    });
  });
});
