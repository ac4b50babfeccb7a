/**
 * The list of what one call may ask of Asterisk and be told of it: each request by kind, each event by type. To be changed by whoever means to change what a call costs, and by nobody else.
 *
 * Of some kinds the number says no more than "at most": where two things that happen at once decide it (a look finds a phone before or after it is told of), and where it is asked on and on, so
 * that it depends on how long the machine takes. For the latter the bound is what the time that passed allows: the heartbeat, each two seconds, and looks at expiries, each 300 ms.
 */
import { type Allowed, atMost, each } from './allowance.ts';

export interface Cost {
  readonly requests: Allowed;
  readonly events: Allowed;
  /** Heads and bodies, of the kinds that the time alone does not bound. */
  readonly most?: { readonly requestBytes: number; readonly eventBytes: number };
}

const HEARTBEAT_MS = 2_000;
const REFRESHES_MS = 300;

/** With calls and without. */
export const ALWAYS: Cost = {
  requests: {
    'POST /events/user/xivo-mapp-probe': each(HEARTBEAT_MS),
    // Whether a caller is there of whom no event came; once more where one has just come.
    'GET /applications/{id}': each(HEARTBEAT_MS, 2),
    'GET /asterisk/variable?XIVO_MAPP_APP': each(10_000),
    // One for each of the connections that are kept, where one is missing.
    'GET /asterisk/variable?XIVO_MAPP_NOTHING': each(HEARTBEAT_MS, 4),
  },
  events: { ChannelUserevent: each(HEARTBEAT_MS) },
};

/** A mobile sleeps, is pushed, registers and answers; both talk, and the caller hangs up. */
export const ANSWERED: Cost = {
  requests: {
    // Whose call it is.
    'GET /channels/{id}/variable?stay+globals+contacts': 1,
    'POST /applications/{id}/subscription?channel': 1,
    // What another run of the router must know: when it waits until, whom it has pushed; and a note, of the wait and of the talk.
    'GET /channels/{id}/variable?SET(XIVO_MAPP_MEMORY)': 2,
    'POST /bridges/{id}': 2,
    'DELETE /bridges/{id}': 2,
    // What the caller hears, and whether it does.
    'POST /channels/{id}/play/{id}': 1,
    'POST /channels/{id}/moh': 1,
    'GET /channels/{id}/variable?sent': atMost(4),
    // Who registers. One who is told of by an event is looked up where the next step of 300 ms finds the phone still unanswered.
    'POST /applications/{id}/subscription?endpoint': 1,
    'GET /channels/{id}/variable?contacts': atMost(2),
    'GET /channels/{id}/variable?addresses+expiries': atMost(1),
    'GET /channels/{id}/variable?expiries': each(REFRESHES_MS),
    'DELETE /applications/{id}/subscription?endpoint': 1,
    // The phone rings.
    'POST /channels/{id}': 1,
    // Where the caller is, who has left by the dialplan: only where it comes before the leg's word that it is connected.
    'GET /channels/{id}/variable?outcome': atMost(5),
  },
  events: {
    StasisStart: 1,
    PlaybackStarted: 1,
    PlaybackFinished: 1,
    ContactStatusChange: 1,
    ChannelStateChange: 3,
    // Dialled, rings, has answered. What is of use is a fourth, of a phone that says 183 alone.
    Dial: 3,
    // The dialplan connects the leg.
    ChannelUserevent: each(HEARTBEAT_MS, 1, 1),
    StasisEnd: 1,
    ChannelDestroyed: 2,
  },
  most: { requestBytes: 20_000, eventBytes: 8_000 },
};

/** A mobile that is pushed and never wakes: the caller goes to the no-answer scenario. */
export const UNANSWERED: Cost = {
  requests: {
    'GET /channels/{id}/variable?stay+globals+contacts': 1,
    'POST /applications/{id}/subscription?channel': 1,
    // Besides, how it ends; what comes while one is under way goes into one.
    'GET /channels/{id}/variable?SET(XIVO_MAPP_MEMORY)': atMost(3),
    'POST /bridges/{id}': 1,
    'DELETE /bridges/{id}': 1,
    'POST /channels/{id}/play/{id}': 1,
    'POST /channels/{id}/moh': atMost(1),
    'GET /channels/{id}/variable?sent': atMost(4),
    'POST /applications/{id}/subscription?endpoint': 1,
    // At the begin; and at the loop's end, where that is not the end of the wait first.
    'GET /channels/{id}/variable?contacts': atMost(2),
    'DELETE /applications/{id}/subscription?endpoint': 1,
    // The caller is given back.
    'DELETE /playbacks/{id}': 1,
    'DELETE /channels/{id}/moh': 1,
    'GET /channels/{id}/variable?SET(XIVO_MAPP_STATUS)': 1,
    'GET /channels/{id}/variable?SET(XIVO_MAPP_REASON)': 1,
    'POST /channels/{id}/continue': 1,
    // Where the heartbeat comes upon a caller who has been given back, it asks for no more of the events.
    'GET /channels/{id}': atMost(1),
    'DELETE /applications/{id}/subscription?channel': atMost(1),
  },
  events: {
    StasisStart: 1,
    PlaybackStarted: atMost(1),
    PlaybackFinished: atMost(1),
    StasisEnd: 1,
    ChannelStateChange: atMost(1),
    ChannelDestroyed: atMost(1),
  },
  most: { requestBytes: 20_000, eventBytes: 6_000 },
};

/** The UC Assistant alone rings and answers; both talk, and the caller hangs up. */
export const WEB_APP: Cost = {
  requests: {
    'GET /channels/{id}/variable?stay+globals+contacts': 1,
    'POST /applications/{id}/subscription?channel': 1,
    'GET /channels/{id}/variable?SET(XIVO_MAPP_MEMORY)': 1,
    'POST /bridges/{id}': 2,
    'DELETE /bridges/{id}': 2,
    'POST /channels/{id}/ring': 1,
    'POST /applications/{id}/subscription?endpoint': 1,
    'GET /channels/{id}/variable?contacts': 1,
    // At the first look, and when its watch begins.
    'GET /channels/{id}/variable?addresses+expiries': 2,
    'GET /channels/{id}/variable?expiries': each(REFRESHES_MS),
    'DELETE /applications/{id}/subscription?endpoint': 1,
    'POST /channels/{id}': 1,
    'GET /channels/{id}/variable?outcome': atMost(5),
  },
  events: {
    StasisStart: 1,
    ChannelStateChange: 3,
    // Dialled, rings, has answered. What is of use is a fourth, of a phone that says 183 alone.
    Dial: 3,
    // The dialplan connects the leg.
    ChannelUserevent: each(HEARTBEAT_MS, 1, 1),
    StasisEnd: 1,
    ChannelDestroyed: 2,
  },
  most: { requestBytes: 20_000, eventBytes: 8_000 },
};
