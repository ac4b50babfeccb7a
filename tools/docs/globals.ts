/**
 * The globals of Asterisk that each call reads, as a table: default and bounds as the code has them, and in words what each is for. A global without
 * words does not compile.
 */
import { GLOBALS, readSettings } from '../../src/call/globals.ts';
import { code, table } from './table.ts';

interface Words {
  /** Unit or form of the value; of a number the bounds are added. */
  readonly unit: string;
  readonly meaning: string;
}

const FLAG = '`True` or `False`';

const WORDS: Readonly<Record<keyof typeof GLOBALS, Words>> = {
  XIVO_MAPP_PLAY_MSG: {
    unit: FLAG,
    meaning:
      'Play the message once while a mobile is woken. `XIVO_PLAY_MSG` is an older name: `False` in either one switches the message off.',
  },
  XIVO_MAPP_WAIT_WITH_MUSIC: {
    unit: FLAG,
    meaning: 'What follows the message: music on hold (`True`) or ringback (`False`).',
  },
  XIVO_MAPP_LOOPS_MOBILEAPP: {
    unit: 'loops',
    meaning: 'Loops of the wait, ringing device MobileApp. 0: no wait. Loops x interval is 300 s at most.',
  },
  XIVO_MAPP_LOOPS_WEBAPPANDMOBILEAPP: {
    unit: 'loops',
    meaning: 'Loops of the wait, ringing device WebAppAndMobileApp. 0: no wait. Loops x interval is 300 s at most.',
  },
  XIVO_MAPP_LOOPS_INTERVAL: { unit: 'seconds', meaning: 'How long one loop is.' },
  XIVO_MAPP_RING_WEBAPP_AT_ONCE: {
    unit: FLAG,
    meaning:
      'WebAppAndMobileApp: the UC Assistant rings at once (`True`), or with the first mobile that is ready (`False`).',
  },
  XIVO_MAPP_ANSWER_EARLY: {
    unit: FLAG,
    meaning:
      'Answer the caller before the wait, for carriers that pass on no early media. The caller pays from then on.',
  },
  XIVO_MAPP_MSG_SOUND: {
    unit: "an Asterisk sound's name, without extension",
    meaning: "The message. It is played in the channel's language.",
  },
  XIVO_MAPP_TONE_COUNTRY: {
    unit: 'a section of indications.conf, two or three letters',
    meaning: 'Whose cadence ringback has where it is a tone in the media.',
  },
  XIVO_MAPP_DECLINE_ENDS: {
    unit: '`mobiles`, `call` or `device`',
    meaning:
      'What a decline ends: all mobiles (the UC Assistant rings on), the whole call, or the ringing of that device only.',
  },
  XIVO_MAPP_SLOW_MS: {
    unit: 'ms',
    meaning:
      'When Asterisk takes so long to answer the router, on average over three seconds, new callers hear ringing in place of message and music. At a hundred times that, new calls go on in the dialplan at once. 0: never. Give more than twice the round trip to Asterisk.',
  },
  XIVO_MAPP_MAX_CALLS: {
    unit: 'calls',
    meaning: 'How many calls may wait or ring at the same time. More go on in the dialplan at once. 0: any number.',
  },
};

export function globalTable(): string {
  return table(
    ['global', 'default', 'unit', 'bounds', 'meaning'],
    Object.entries(WORDS).map(([name, { unit, meaning }]) => {
      const fallback = GLOBALS[name as keyof typeof GLOBALS];
      return [code(name), code(fallback), unit, /^\d+$/.test(fallback) ? bounds(name) : '', meaning];
    }),
  );
}

/** What is taken in place of a number that is far too small or far too large. */
function bounds(name: string): string {
  const [least, most] = ['-1000000000', '1000000000'].map((far) => {
    const { warnings } = readSettings(new Map([[name, far]]));
    return warnings.find(({ variable }) => variable === name)?.used;
  });
  return `${least} to ${most}`;
}
