/** Notes of calls that wait: empty bridges with a name, kept once, taken away once, and read back as they were written. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAddress } from '../../src/asterisk/ari/address.ts';
import { AriRequests } from '../../src/asterisk/ari/client.ts';
import { AriNotes, readNote } from '../../src/asterisk/resync/notes.ts';
import { answerJson, PbxStub } from './pbx-stub.ts';

const CALL = 'xm-0011223344556677';
const PATH = `/ari/bridges/${CALL}-note`;

describe('a note', () => {
  let pbx: PbxStub;
  let requests: AriRequests;
  let notes: AriNotes;
  beforeEach(async () => {
    pbx = await PbxStub.start();
    requests = new AriRequests(readAddress(pbx.url, 'u', 'p'));
    notes = new AriNotes(requests);
  });
  afterEach(async () => {
    requests.close();
    await pbx[Symbol.asyncDispose]();
  });
  const orders = () => pbx.requests.map(({ method, path }) => `${method} ${path}`);
  const nameOf = () => pbx.requests.find(({ method }) => method === 'POST')?.query.get('name') ?? '';

  it('is a bridge in which nobody stands, and is known before it is there', async () => {
    const kept = notes.keep(CALL, '1700000000.1', 'v2 checkpoint of it');
    expect([...notes.keptIds()]).toEqual([`${CALL}-note`]);
    await kept;
    await notes.keep(CALL, '1700000000.1', 'another');
    expect(orders()).toEqual([`POST ${PATH}`]);
    expect(readNote(nameOf())).toEqual({ channelId: '1700000000.1', checkpoint: 'v2 checkpoint of it' });
    await notes.remove(CALL);
    expect([orders().at(-1), notes.keptIds().size]).toEqual([`DELETE ${PATH}`, 0]);
  });

  it('of a call that is answered is another, which says on what; then the first goes, and both at the end', async () => {
    await notes.keep(CALL, '1700000000.1', 'v2 checkpoint of it');
    await notes.answered(CALL, '1700000000.1', 'v2 checkpoint of it', 'webapp');
    expect(orders()).toEqual([`POST ${PATH}`, `POST ${PATH}-webapp`, `DELETE ${PATH}`]);
    expect([...notes.keptIds()]).toEqual([`${CALL}-note-webapp`]);
    await notes.remove(CALL);
    expect([orders().at(-1), notes.keptIds().size]).toEqual([`DELETE ${PATH}-webapp`, 0]);
  });

  it('that could not be taken away at the answer is taken away at the end', async () => {
    await notes.keep(CALL, '1700000000.1', 'v2 checkpoint of it');
    pbx.answer = ({ method }, response) => answerJson(response, method === 'DELETE' ? 403 : 200, {});
    await notes.answered(CALL, '1700000000.1', 'v2 checkpoint of it', 'mobile');
    pbx.answer = (_, response) => answerJson(response, 204);
    pbx.requests.length = 0;
    await notes.remove(CALL);
    expect([orders(), notes.keptIds().size]).toEqual([[`DELETE ${PATH}`, `DELETE ${PATH}-mobile`], 0]);
  });

  it('leaves nothing, whichever orders Asterisk refuses on the way', async () => {
    // Each order is tried again a few times by itself.
    const refusals = fc.array(fc.constantFrom(true, true, true, true, false), { maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(refusals, fc.boolean(), async (refused, isAnswered) => {
        const standing = new Set<string>();
        const left = [...refused];
        pbx.answer = ({ method, path }, response) => {
          if (method === 'DELETE' && left.shift() === true) return answerJson(response, 500);
          const found = method === 'POST' ? standing.add(path) : standing.delete(path);
          answerJson(response, found ? 200 : 404, {});
        };
        await notes.keep(CALL, '1700000000.1', 'v2 checkpoint of it');
        if (isAnswered) await notes.answered(CALL, '1700000000.1', 'v2 checkpoint of it', 'mobile');
        let isOver = false;
        while (!isOver)
          isOver = await notes.remove(CALL).then(
            () => true,
            () => false,
          );
        expect([[...standing], notes.keptIds().size]).toEqual([[], 0]);
      }),
    );
  });

  it('that is gone can be taken away, and one that Asterisk does not take away is a fault', async () => {
    const refuse = (status: number) => {
      pbx.answer = (_, response) => answerJson(response, status, { message: 'no' });
    };
    refuse(404);
    await notes.remove(CALL);
    refuse(403);
    await expect(notes.remove(CALL)).rejects.toThrow('HTTP 403');
  });

  it('of an earlier run whose call goes on stays as it is', async () => {
    notes.found(`${CALL}-note`);
    await notes.keep(CALL, '1700000000.1', 'new words');
    expect(orders()).toEqual([]);
  });

  it('is read as it was written, whatever the channel is called', async () => {
    const text = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }).filter((id) => id.isWellFormed());
    const checkpoint = fc.stringMatching(/^[\w .:=+%~!*@/-]{1,200}$/);
    await fc.assert(
      fc.asyncProperty(text, checkpoint, async (channelId, words) => {
        pbx.requests.length = 0;
        await notes.keep(CALL, channelId, words);
        expect(readNote(nameOf())).toEqual({ channelId, checkpoint: words });
        await notes.remove(CALL);
      }),
      { numRuns: 50 },
    );
  });

  it.each(['', 'one', ' x', '%zz checkpoint', '%e9 checkpoint'])('named %j is none of ours', (name) => {
    expect(readNote(name)).toBeUndefined();
  });
});
