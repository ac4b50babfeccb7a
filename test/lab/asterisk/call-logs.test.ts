/** Asterisk's call logs and its manager interface, as the lab reads and asks them, shown on calls by a plain Dial(). */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AmiRefused } from '../../../lab/asterisk/ami.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { BY_DIAL, deskUser, dialled, officeSettings } from '../../../lab/rigs/office.ts';
import { channelOf, talk } from '../../../lab/rigs/talk.ts';

describe.each([16, 22] as const)('call logs and manager of Asterisk %i', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab(officeSettings(version));
  });
  afterEach(() => lab.nothingRemains());
  afterAll(() => lab?.stop());

  it('boots without a warning, with all that an office has', async () => {
    expect(await readFile(lab.asterisk.logFile, 'utf8')).not.toMatch(/ (WARNING|ERROR)\[/);
    const modules = await lab.asterisk.cli('module show');
    for (const name of ['cdr_custom', 'cel_custom', 'res_parking', 'app_confbridge', 'app_mixmonitor']) {
      expect(modules).toContain(`${name}.so`);
    }
  });

  it('tells an answered call: one row of CDR, and its events from the first to the last', async () => {
    const { call, callee } = await talk(lab, BY_DIAL);
    const leg = await channelOf(lab, callee.call);
    await call.hangUp();
    const { uniqueId } = await lab.ending(call);
    expect(await lab.asterisk.cdrRows(uniqueId)).toMatchObject([
      { uniqueid: uniqueId, src: '0612345678', dstchannel: leg.name, lastapp: 'Dial', disposition: 'ANSWERED' },
    ]);
    const events = await lab.asterisk.celRows(uniqueId);
    // The last event goes with whichever channel is gone last.
    expect(
      events
        .slice(0, -1)
        .filter(({ uniqueid }) => uniqueid === leg.id)
        .map(({ eventtype }) => eventtype),
    ).toEqual(['CHAN_START', 'ANSWER', 'BRIDGE_ENTER', 'BRIDGE_EXIT', 'HANGUP', 'CHAN_END']);
    expect(events.at(-1)).toMatchObject({ eventtype: 'LINKEDID_END', linkedid: uniqueId });
    const ended = events.find(({ eventtype, uniqueid }) => eventtype === 'HANGUP' && uniqueid === uniqueId);
    expect(JSON.parse(ended?.extra ?? '')).toMatchObject({ hangupcause: 16, dialstatus: 'ANSWER' });
  });

  it.each([
    [486, 'BUSY'],
    [480, 'NO ANSWER'],
  ])('tells a call that is refused with %i as %s', async (status, disposition) => {
    const user = await deskUser(lab, BY_DIAL);
    const call = await lab.caller().call(dialled(user));
    await user.webApp.refuse(status);
    // The scenario ends it.
    await call.waitFor('ended');
    const { uniqueId } = await lab.ending(call);
    expect((await lab.asterisk.cdrRows(uniqueId)).at(0)).toMatchObject({ disposition, billsec: '0' });
  });

  it('answers the manager, tells it events, and says why it refuses', async () => {
    await using ami = await lab.asterisk.ami();
    await ami.ask('Ping');
    const { call, caller } = await talk(lab, BY_DIAL);
    const { name } = await channelOf(lab, caller.call);
    await ami.waitForEvent({ Event: 'BridgeEnter', Channel: name });
    await call.hangUp();
    const hangup = await ami.waitForEvent({ Event: 'Hangup', Channel: name });
    expect(hangup.get('Cause')).toBe('16');
    await expect(ami.ask('Redirect', { Channel: 'PJSIP/nobody' })).rejects.toThrow(AmiRefused);
    await expect(ami.ask('Redirect', { Channel: 'PJSIP/nobody' })).rejects.toThrow(/Redirect: /);
    await expect(ami.waitForEvent({ Event: 'Never' }, 0)).rejects.toThrow(/no event .*Never.* within 0 ms/);
  });
});
