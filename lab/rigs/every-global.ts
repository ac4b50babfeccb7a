/** A value for every global: a line that is gone from xivo_globals.conf would keep its old value in Asterisk. The documented defaults, but that nothing is shed: the machine may be slow. */
import { GLOBALS, PLAY_MSG_ALIAS } from '../../src/call/globals.ts';

export const EVERY_GLOBAL = { ...GLOBALS, XIVO_MAPP_SLOW_MS: '0', [PLAY_MSG_ALIAS]: '' } as const;
