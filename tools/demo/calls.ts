/**
 * The five calls of the demo: who is called, what each party does, and what must be true afterwards. To show another call, add it here.
 */
import { setTimeout as patience } from 'node:timers/promises';
import { TONES } from '../../lab/asterisk/asterisk.ts';
import { answersAfter } from '../../lab/phone/invite-policies.ts';
import { checkCompany, checkEnding, checkRungAtOnce, checkWithin } from './checks.ts';
import type { Scene } from './scene.ts';

export type Letter = 'a' | 'b' | 'c' | 'd' | 'e';

export interface DemoCall {
  readonly letter: Letter;
  readonly title: string;
  readonly story: string;
  /** Begins first, and goes on while the others are played. */
  readonly takesLong?: true;
  play(scene: Scene): Promise<void>;
}

const CAROL = { name: 'Carol', number: '0612345678' };
/** The lab's own class of music: a tone, so that it is told from speech. */
const MUSIC = { musicClass: 'other' };
const LONGER_THAN_A_WAIT_MS = 25_000;
const TALK_MS = 600;

export const CALLS: readonly DemoCall[] = [
  {
    letter: 'a',
    title: 'A mobile that wakes',
    story:
      'Alice’s Android app sleeps. The push wakes it, 2.5 s later it registers, it rings, and after 0.8 s Alice answers.',
    async play(scene) {
      const { lab } = scene;
      const mobile = { name: 'Alice’s mobile', wakesAfterMs: 2500, does: answersAfter(800) };
      const alice = await lab.user({ ringingDevice: 'MobileApp', name: 'Alice Martin', mobile, ...MUSIC });
      const call = await lab.caller(CAROL).call(alice);
      scene.isAbout(call, alice);
      const push = await alice.mobile.waitForPush('incoming-call');
      await call.talksWith(alice.mobile);
      await patience(TALK_MS);
      await call.sip.sendDtmf('5');
      await alice.mobile.waitFor('dtmf');
      await call.hangUp();
      await alice.mobile.waitFor('ended');
      await checkEnding(scene, call, 'ANSWERED', 'mobile');
      checkWithin(scene, 'the push reaches FCM within 1000 ms of the INVITE', push.atMs - call.startedAtMs, 1000);
      checkRungAtOnce(scene, alice.mobile);
      checkCompany(scene, call, [TONES.mohOther]);
      scene.check('both hear each other, and a digit passes', true);
      const { from } = alice.mobile.call.record.shown;
      scene.check('the mobile shows the caller', from.number === CAROL.number, `${from.name} <${from.number}>`);
      const shown = call.record.connectedLines.at(-1);
      scene.check(
        'the caller is shown the callee',
        shown?.name === 'Alice Martin',
        `${shown?.name} <${shown?.number}>`,
      );
    },
  },
  {
    letter: 'b',
    title: 'Mobile and UC Assistant',
    story:
      'Bob has both. His iPhone wakes 0.6 s after the push, both ring, and after 0.9 s he answers on the UC Assistant.',
    async play(scene) {
      const { lab } = scene;
      const bob = await lab.user({
        ringingDevice: 'WebAppAndMobileApp',
        name: 'Bob Petit',
        mobile: { name: 'Bob’s iPhone', platform: 'ios', wakesAfterMs: 600 },
        webApp: { name: 'Bob’s UC Assistant', does: answersAfter(900) },
        ...MUSIC,
      });
      const call = await lab.caller(CAROL).call(bob);
      scene.isAbout(call, bob);
      await bob.mobile.waitFor('ringing');
      await call.talksWith(bob.webApp);
      await patience(TALK_MS);
      await bob.mobile.waitFor('ended');
      const word = await bob.mobile.waitForPush('call-ended');
      await bob.webApp.hangUp();
      await call.waitFor('ended');
      await checkEnding(scene, call, 'ANSWERED', 'webapp');
      checkRungAtOnce(scene, bob.mobile);
      scene.check('both devices rang', bob.webApp.call.record.statuses.includes(180));
      scene.check(
        'the iPhone is told: answered elsewhere',
        bob.mobile.wasToldElsewhere,
        bob.mobile.call.record.reasons.join(', '),
      );
      const pushType = word.headers['apns-push-type'];
      scene.check('so is the app, and not by a VoIP push', pushType !== 'voip', `push type ${pushType}`);
      scene.check('when Bob hangs up, the caller is released', call.record.endedBy === 'there');
    },
  },
  {
    letter: 'c',
    title: 'UC Assistant only',
    story: 'Chloé has chosen the UC Assistant. It rings at once; her mobile is left in peace.',
    async play(scene) {
      const { lab } = scene;
      const chloe = await lab.user({
        ringingDevice: 'WebApp',
        name: 'Chloé Durand',
        mobile: { name: 'Chloé’s mobile' },
        webApp: { name: 'Chloé’s UC Assistant', does: answersAfter(700) },
        ...MUSIC,
      });
      const call = await lab.caller(CAROL).call(chloe);
      scene.isAbout(call, chloe);
      await call.talksWith(chloe.webApp);
      await patience(TALK_MS);
      await call.hangUp();
      await chloe.webApp.waitFor('ended');
      await checkEnding(scene, call, 'ANSWERED', 'webapp');
      const invitedMs = chloe.webApp.call.record.startedAtMs - call.startedAtMs;
      checkWithin(scene, 'the UC Assistant is rung within 1000 ms of the INVITE', invitedMs, 1000);
      scene.check(
        'the caller hears plain ringing (180, no media)',
        call.record.earlyMediaAtMs === undefined,
        call.record.statuses.join(' '),
      );
      scene.check('no push is sent', chloe.mobile.requests.length === 0, `${chloe.mobile.requests.length} pushes`);
    },
  },
  {
    letter: 'd',
    title: 'A mobile that never wakes',
    story:
      'David’s mobile is out of reach. After 3 loops of 5 s the call goes back to the dialplan, to his no-answer scenario.',
    takesLong: true,
    async play(scene) {
      const { lab } = scene;
      const mobile = { name: 'David’s mobile', wakesAfterMs: 'never' } as const;
      const david = await lab.user({ ringingDevice: 'MobileApp', name: 'David Leroy', mobile, ...MUSIC });
      const call = await lab.caller(CAROL).call(david);
      scene.isAbout(call, david);
      await call.hears(TONES.noAnswer, LONGER_THAN_A_WAIT_MS);
      await call.waitFor('ended');
      await checkEnding(scene, call, 'NOANSWER', 'wait-over', 'NOANSWER');
      const backMs = (await lab.story(call)).timeline.find(({ what }) => what === 'given-back')?.atMs ?? 0;
      scene.check('the wait lasts 15 s', backMs >= 14_900 && backMs < 17_000, `${backMs.toFixed(0)} ms`);
      checkCompany(scene, call, [TONES.mohOther, TONES.noAnswer]);
      const word = await david.mobile.waitForPush('call-ended');
      scene.check(
        'the mobile is told that it is over',
        word.payload.reason === 'no-answer',
        `reason ${word.payload.reason}`,
      );
      scene.check('it was never rung', david.mobile.calls.length === 0);
    },
  },
  {
    letter: 'e',
    title: 'A caller who gives up',
    story: 'Emma’s mobile takes 2.5 s to wake. The caller hangs up 1.2 s after hearing the message begin.',
    async play(scene) {
      const { lab } = scene;
      const mobile = { name: 'Emma’s mobile', wakesAfterMs: 2500 };
      const emma = await lab.user({ ringingDevice: 'MobileApp', name: 'Emma Roux', mobile, ...MUSIC });
      const call = await lab.caller(CAROL).call(emma);
      scene.isAbout(call, emma);
      await call.hears('sound');
      await patience(1200);
      await call.hangUp();
      const word = await emma.mobile.waitForPush('call-ended');
      await emma.mobile.waitFor('registered');
      const story = await lab.story(call);
      // One more round trip to Asterisk: what would ring the mobile has had its chance.
      await emma.mobile.phone.unregister();
      scene.check(
        'the router knows it',
        story.outcome === 'caller-left' && story.reason === 'while-waiting',
        `${story.outcome}, ${story.reason}`,
      );
      scene.check(
        'the mobile is told that it is over',
        word.payload.reason === 'caller-left',
        `reason ${word.payload.reason}`,
      );
      scene.check(
        'it registers late and is not rung',
        emma.mobile.calls.length === 0,
        `${emma.mobile.calls.length} calls`,
      );
    },
  },
];
