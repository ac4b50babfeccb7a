/** The real Asterisk, held to the same promises as the fake of the domain's stories. */
import { connectAsterisk } from '../../../src/asterisk/asterisk.ts';
import type { Caller } from '../../../src/call/ports.ts';
import { systemClock } from '../../../src/system/clock.ts';
import { fakeLog } from '../../call/fakes/log.ts';
import { type PbxUnderTest, type PhoneMood, pbxContract } from '../../contract/pbx.contract.ts';
import { type AsteriskVersion, startAsterisk } from '../asterisk/asterisk.ts';
import { awaitThat } from '../asterisk/deadline.ts';
import { answersAfter, type InvitePolicy, refuses, rings } from '../phone/invite-policies.ts';
import { createPhone, type Phone } from '../phone/phone.ts';

const POLICIES: Readonly<Record<PhoneMood, InvitePolicy>> = {
  rings: rings(),
  answers: answersAfter(50),
  declines: refuses(603),
  'is busy': refuses(486),
};
const SEATS = 20;
const WITHIN_MS = 30_000;

async function realPbx(version: AsteriskVersion): Promise<PbxUnderTest> {
  const names = Array.from({ length: SEATS }, (_, index) => `seat${index + 1}`);
  const asterisk = await startAsterisk({
    version,
    endpoints: names.map((name) => ({ name })),
    users: [{ id: '7', did: '1007', interface: 'PJSIP/seat1' }],
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
  let validitySec = 600;
  let taken = 0;
  const until = async (what: string, isSo: () => boolean) => {
    await awaitThat(
      async () => (isSo() ? true : undefined),
      WITHIN_MS,
      async () => `it did not come to pass that ${what}`,
    );
  };
  await until('the router is connected', () => connection.trouble() === undefined);

  return {
    legs: connection.legs,
    bridges: connection.bridges,
    registrations: connection.registrations,
    newEndpoint() {
      const name = names[taken];
      if (name === undefined) throw new Error('all seats are taken');
      taken += 1;
      return `PJSIP/${name}`;
    },
    async newCaller() {
      const before = arrived.length;
      const call = await trunk.call('1007', { fromNumber: '0612345678', fromName: 'Carol' });
      await until('the caller has come', () => arrived.length > before);
      const caller = arrived.at(-1);
      if (caller === undefined) throw new Error('no caller');
      return { caller, hangsUp: () => void call.hangUp() };
    },
    async register(endpoint, mood) {
      const user = endpoint.slice('PJSIP/'.length);
      const phone = phones.get(user) ?? (await createPhone({ user, password: user, server, audio: { socket: false } }));
      phones.set(user, phone);
      phone.onInvite(POLICIES[mood]);
      validitySec += 60;
      await (phone.registered === undefined ? phone.register({ expiresSec: validitySec }) : phone.refresh(validitySec));
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
    async givenBack(caller) {
      const { status, reason } = await asterisk.awaitEnding({ uniqueId: caller.channelId });
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
        async () => 'channels or bridges are left',
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
