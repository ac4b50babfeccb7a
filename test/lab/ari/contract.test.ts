/** The real Asterisk, held to the same promises as the fake of the domain's stories. */
import { z } from 'zod';
import { type AsteriskVersion, startAsterisk } from '../../../lab/asterisk/asterisk.ts';
import { channelVariable } from '../../../lab/asterisk/channel-variable.ts';
import { awaitThat } from '../../../lab/asterisk/deadline.ts';
import { fakeLog } from '../../../lab/fakes/log.ts';
import type { IncomingCall } from '../../../lab/phone/incoming-call.ts';
import { answersAfter, type InvitePolicy, refuses, rings } from '../../../lab/phone/invite-policies.ts';
import { createPhone, type Phone } from '../../../lab/phone/phone.ts';
import { connectAsterisk } from '../../../src/asterisk/asterisk.ts';
import type { Caller } from '../../../src/call/ports.ts';
import { systemClock } from '../../../src/system/clock.ts';
import { pbxContract } from '../../contract/pbx.contract.ts';
import type { PbxUnderTest, PhoneMood } from '../../contract/pbx-under-test.ts';

const POLICIES: Readonly<Record<PhoneMood, InvitePolicy>> = {
  rings: rings(),
  answers: answersAfter(50),
  declines: refuses(603),
  'is busy': refuses(486),
};
const SEATS = 24;
const BridgeList = z.array(z.object({ id: z.string(), channels: z.array(z.string()) }));
const WITHIN_MS = 30_000;
const APP = 'contract';
/** A caller who is given back, or moved, stays where it is then until it hangs up. */
const DIALPLAN = `
[from-extern](+)
exten => contract,1,Set(XIVO_MAPP_APP=${APP})
 same => n,Gosub(xivo-mapp-route,s,1(7))
 same => n,Wait(3600)
exten => elsewhere,1,Wait(3600)
`;

async function realPbx(version: AsteriskVersion): Promise<PbxUnderTest> {
  const names = Array.from({ length: SEATS }, (_, index) => `seat${index + 1}`);
  const asterisk = await startAsterisk({
    version,
    stasisApp: APP,
    endpoints: names.map((name) => ({ name })),
    extraDialplan: DIALPLAN,
  });
  const connection = connectAsterisk({
    url: asterisk.ariUrl,
    username: asterisk.ariUsername,
    password: asterisk.ariPassword,
    app: asterisk.stasisApp,
    clock: systemClock,
    log: fakeLog(),
  });
  const arrived: Caller[] = [];
  connection.onCaller(({ caller }) => void arrived.push(caller));
  const server = { host: asterisk.sipHost, port: asterisk.sipPort };
  const trunk = await createPhone({ user: 'trunk', host: asterisk.trunkAddress, server, audio: { socket: false } });
  const phones = new Map<string, Phone>();
  /** The latest call to each endpoint. */
  const calls = new Map<string, IncomingCall>();
  let validitySec = 600;
  let taken = 0;
  const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
    await awaitThat(
      async () => ((await isSo()) ? true : undefined),
      WITHIN_MS,
      async () => `it did not come to pass that ${what}`,
    );
  };
  const bridges = async () => BridgeList.parse((await asterisk.ari('GET', '/bridges')).body);
  const nameOf = async (channelId: string) =>
    z.object({ name: z.string() }).parse((await asterisk.ari('GET', `/channels/${channelId}`)).body).name;
  const appOf = async (channelId: string) =>
    z
      .object({ dialplan: z.object({ app_name: z.string() }) })
      .safeParse((await asterisk.ari('GET', `/channels/${channelId}`)).body).data?.dialplan.app_name;
  const variable = async (channelId: string, name: string) => (await channelVariable(asterisk, channelId, name)) ?? '';
  await until('the router is connected', () => connection.trouble() === undefined);

  return {
    legs: connection.legs,
    notes: connection.notes,
    registrations: connection.registrations,
    newEndpoint() {
      const name = names[taken];
      if (name === undefined) throw new Error('all seats are taken');
      taken += 1;
      return `PJSIP/${name}`;
    },
    async newCaller() {
      const before = arrived.length;
      const call = await trunk.call('contract', { fromNumber: '0612345678', fromName: 'Carol' });
      await until('the caller has come', () => arrived.length > before);
      const caller = arrived.at(-1);
      if (caller === undefined) throw new Error('no caller');
      const { channelId } = caller;
      return {
        caller,
        async leaves(how = 'hung-up') {
          if (how === 'moved')
            await asterisk.cli(`channel redirect ${await nameOf(channelId)} from-extern,elsewhere,1`);
          else await call.hangUp(how === 'answered-elsewhere' ? 'Q.850;cause=26;text="answered elsewhere"' : undefined);
        },
      };
    },
    async register(endpoint, mood) {
      const user = endpoint.slice('PJSIP/'.length);
      const phone = phones.get(user) ?? (await createPhone({ user, password: user, server, audio: { socket: false } }));
      phones.set(user, phone);
      phone.onInvite((call) => {
        calls.set(endpoint, call);
        POLICIES[mood](call);
      });
      validitySec += 60;
      await (phone.registered === undefined ? phone.register({ expiresSec: validitySec }) : phone.refresh(validitySec));
    },
    async answers(endpoint) {
      calls.get(endpoint)?.answer();
    },
    async hangsUp(endpoint) {
      await calls.get(endpoint)?.hangUp();
    },
    async areTalking({ channelId }, legId) {
      return (await bridges()).some(({ channels }) => [channelId, legId].every((id) => channels.includes(id)));
    },
    async notedCalls() {
      return (await bridges()).flatMap(({ id }) => (id.includes('-note') ? [id.replace('-note', '')] : []));
    },
    async unregister(endpoint) {
      await phones.get(endpoint.slice('PJSIP/'.length))?.unregister();
    },
    async setVariable(caller, name, value) {
      await asterisk.ari('POST', `/channels/${encodeURIComponent(caller.channelId)}/variable`, {
        variable: name,
        value,
      });
      // Asterisk 16 says that it is done before it is: a channel without RTP gets to it within 200 ms.
      await awaitThat(
        async () => {
          const { variables } = await caller.read({ variables: [name], globals: [], contactsOf: [] });
          return variables.get(name) === value ? true : undefined;
        },
        WITHIN_MS,
        async () => `${name} was not set`,
      );
    },
    async givenBack({ channelId }) {
      await until('the caller has gone on', async () => (await appOf(channelId)) === 'Wait');
      const [status, reason] = await Promise.all([
        variable(channelId, 'XIVO_MAPP_STATUS'),
        variable(channelId, 'XIVO_MAPP_REASON'),
      ]);
      return { status, reason };
    },
    until,
    async nothingIsLeft() {
      await awaitThat(
        async () => {
          const { channels, bridges } = await asterisk.leftovers();
          return channels.length + bridges.length === 0 ? true : undefined;
        },
        WITHIN_MS,
        async () => `left behind: ${JSON.stringify(await asterisk.leftovers())}`,
      );
    },
    async close() {
      await connection.close();
      await Promise.all([trunk, ...phones.values()].map((phone) => phone.close()));
      await asterisk.awaitNothingLeft();
      await asterisk.stop();
    },
  };
}

pbxContract('Asterisk 16', () => realPbx(16));
pbxContract('Asterisk 22', () => realPbx(22));
