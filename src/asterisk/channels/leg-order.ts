/**
 * The order for a leg. It has the caller as its originator, so that both are one call in every log, and the codecs of both come first. The callee's
 * phone shows the caller because the leg's connected line says so; ARI's own `callerId` would also become the leg's caller id, and then the caller
 * would see its own number once connected. What the caller sees is the leg's caller id: the callee's name where we know it, else what the endpoint's
 * configuration says. When it is answered it goes to the dialplan's context for legs.
 */
import { PbxError } from '../../call/errors.ts';
import type { DialRequest, Forward } from '../../call/ports.ts';
import { channelPath } from '../app/ids.ts';
import { LEG_CONTEXT } from '../app/own-dialplan.ts';
import type { AriOrder } from '../ari/client.ts';
import { FORWARDED_BY, NOWHERE } from './forward.ts';

const MAX_TEXT = 80;
const MAX_MEMORY = 1200;
/** Variables on the leg's channel by which another run of the router finds out what it is. */
export const LEG_CHECKPOINT = 'XIVO_MAPP_LEG';
export const LEG_CALLER = 'XIVO_MAPP_CALLER';
/** For the dialplan: on what the call is answered here, and whose phone this is. */
const LEG_ON = 'XIVO_MAPP_ON';
const LEG_ENDPOINT = 'XIVO_MAPP_ENDPOINT';
const CONTROL = /\p{Cc}+/gu;

/** A text that may stand in a SIP header: on one line and of sane length. Quotes and brackets are Asterisk's to escape. */
function clean(text: string, max = MAX_TEXT): string {
  return [...text.replace(CONTROL, ' ').trim()].slice(0, max).join('');
}

function withText(variables: Record<string, string>, name: string, text: string): void {
  const cleaned = clean(text);
  if (cleaned !== '') variables[name] = cleaned;
}

/** After which Asterisk gives it up by itself. */
function ringSeconds({ ringMs }: Pick<DialRequest, 'ringMs'>): number {
  return Math.max(1, Math.ceil(ringMs / 1000));
}

/** What whoever is called now may know of those who have sent the call on. */
function sentOn({ by, from }: Forward): Record<string, string> {
  const variables: Record<string, string> = {
    [`__${FORWARDED_BY}`]: by.join(' '),
    // Without it no phone is told of it.
    'REDIRECTING(count,i)': String(by.length),
  };
  withText(variables, 'REDIRECTING(from-name,i)', from.name);
  withText(variables, 'REDIRECTING(from-num,i)', from.number);
  return variables;
}

/** Throws PbxError when the endpoint is none that can be dialled. */
export function mustBeEndpoint({ contact: { endpoint } }: Pick<DialRequest, 'contact'>): void {
  if (!/^PJSIP\/[^\s/&]+$/.test(endpoint)) throw new PbxError(`not an endpoint: ${endpoint}`);
}

/** @param destination what Asterisk is told to dial: the contact's address, the endpoint alone, or where the call is sent on to */
export function legOrder(request: DialRequest, destination: string): AriOrder {
  const { contact, caller, callee, forward } = request;
  const isLocal = destination.startsWith('Local/');
  const variables: Record<string, string> = {
    [LEG_CHECKPOINT]: clean(request.checkpoint, MAX_MEMORY),
    [LEG_CALLER]: request.forChannelId,
    [LEG_ON]: request.on,
    // As the channel's name begins.
    [LEG_ENDPOINT]: isLocal ? destination.replace(/\/n$/, '') : contact.endpoint,
    ...(isLocal ? {} : { 'PJSIP_MEDIA_OFFER(video)': '!all', FORWARD_CONTEXT: NOWHERE }),
    ...(forward === undefined ? {} : sentOn(forward)),
    // It would count as a call of its own.
    'CDR_PROP(disable)': '1',
    // Whose calls are counted, as XiVO counts them.
    'GROUP(XIVO_USER)': clean(request.calleeUserId),
  };
  // Of what is empty it is said that it is not there: else the originator's own is shown, which its caller may withhold.
  const shown = { name: clean(caller.name), num: clean(caller.number) };
  for (const [part, text] of Object.entries(shown)) {
    if (text === '') variables[`CONNECTEDLINE(${part}-valid,i)`] = '0';
    else variables[`CONNECTEDLINE(${part},i)`] = text;
  }
  // Where the call was sent on, the caller sees who it comes to.
  withText(variables, 'CALLERID(name)', forward === undefined ? callee.name : '');
  withText(variables, 'CALLERID(num)', forward === undefined ? callee.number : '');
  return {
    method: 'POST',
    path: channelPath(request.legId),
    body: {
      endpoint: destination,
      // Its half in the dialplan must not be taken for a leg.
      ...(isLocal ? { otherChannelId: `far-${request.legId}` } : {}),
      originator: request.forChannelId,
      context: LEG_CONTEXT,
      extension: 's',
      priority: 1,
      timeout: ringSeconds(request),
      variables,
    },
    once: true,
    lane: 'urgent',
  };
}
