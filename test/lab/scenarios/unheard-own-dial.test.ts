/**
 * Where music or a tone cannot play to a caller whose dialplan keeps its own Dial and waits for us, ringback is heard all the same, and the call goes on: PlayTones(), left to fail, would
 * end it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { OWN_DIAL, OWN_DIALPLAN, tellWhere } from '../../../lab/rigs/own-dial.ts';
import { type SiteSounds, siteSounds } from '../../../lab/rigs/site-sounds.ts';

describe.each([16, 22] as const)('what cannot be heard from a dialplan with its own Dial on Asterisk %i', (version) => {
  let lab: Lab;
  let site: SiteSounds;
  beforeAll(async () => {
    lab = await startLab({ version, asterisk: { mohDefault: 'tone', extraDialplan: OWN_DIALPLAN } });
    site = await siteSounds(lab.asterisk);
    await tellWhere(lab);
  });
  afterEach(async () => {
    await site.mend();
    await lab.nothingRemains();
  });
  afterAll(() => lab?.stop());

  it.each([
    ['music', 'True', /WARN .*music class .*plays nothing.*ringback is heard instead/],
    ['tone', 'False', /WARN .*ringback of country .*cannot be played, that of France is heard instead/],
  ] as const)('%s: ringback', async (what, withMusic, warned) => {
    const early = what === 'tone' ? 'True' : 'False';
    await lab.asterisk.reloadGlobals(
      `XIVO_MAPP_WAIT_WITH_MUSIC = ${withMusic}\nXIVO_MAPP_ANSWER_EARLY = ${early}\nXIVO_MAPP_TONE_COUNTRY = uk`,
    );
    await (what === 'tone' ? site.withoutRing() : site.withoutMusic());
    const alice = await lab.user({ ringingDevice: 'MobileApp', mobile: { wakesAfterMs: 'never' } });
    const call = await lab.caller().call({ number: `${OWN_DIAL}${alice.number}` });
    await call.hears('ringback');
    await lab.router.log.waitFor(warned);
    await alice.mobile.wake();
    await alice.mobile.answer();
    await call.talksWith(alice.mobile);
    await call.hangUp();
    expect((await lab.story(call)).timeline.filter(({ what: entry }) => entry === 'not-heard')).toHaveLength(1);
  });
});
