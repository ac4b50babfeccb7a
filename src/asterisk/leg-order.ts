/**
 * The order for a leg. The callee's phone shows the caller because the leg's connected line says so; ARI's own `callerId` would also become the leg's caller id, and then the
 * caller would see its own number once connected. What the caller sees is the leg's caller id: the callee's name where we know it, else
 * what the endpoint's configuration says. No formats are asked for, so Asterisk offers the endpoint's audio and no video. Where the leg goes when it is answered: to the
 * dialplan's context for legs, which brings it to our application; or straight there, which Asterisk does only while we are connected.
 */
import { addressOf } from '../call/dial-string.ts';
import { PbxError } from '../call/errors.ts';
import type { DialRequest } from '../call/ports.ts';
import { channelPath } from './channel-ids.ts';
import { LEG_CONTEXT } from './leg-context.ts';
import type { AriOrder } from './requests.ts';

const MAX_TEXT = 80;
const MAX_MEMORY = 1200;
/** Variables on the leg's channel by which another run of the router finds out what it is. */
export const LEG_MEMORY = 'XIVO_MAPP_LEG';
export const LEG_CALLER = 'XIVO_MAPP_CALLER';
/** For the dialplan: the name of our application. */
const LEG_APP = 'XIVO_MAPP_APP';
const CONTROL = /\p{Cc}+/gu;

/** A text that may stand in a SIP header: on one line and of sane length. Quotes and brackets are Asterisk's to escape. */
function clean(text: string, max = MAX_TEXT): string {
  return [...text.replace(CONTROL, ' ').trim()].slice(0, max).join('');
}

function withText(variables: Record<string, string>, name: string, text: string): void {
  const cleaned = clean(text);
  if (cleaned !== '') variables[name] = cleaned;
}

/** Where an answered leg goes. Only a leg that goes straight to the application brings its own subscription: of others no event comes unless their endpoint's do. */
export type LegWay = 'dialplan' | 'application';

/** Throws PbxError when endpoint or contact are none that can be dialled. */
export function legOrder(request: DialRequest, app: string, way: LegWay): AriOrder {
  const { contact, caller, callee } = request;
  if (!/^PJSIP\/[^\s/&]+$/.test(contact.endpoint)) throw new PbxError(`not an endpoint: ${contact.endpoint}`);
  const address = addressOf(contact);
  if (address === undefined)
    throw new PbxError(`the phone has registered an address that is no SIP URI: ${contact.uri}`);
  const variables: Record<string, string> = {
    [LEG_MEMORY]: clean(request.memory, MAX_MEMORY),
    [LEG_CALLER]: request.forChannelId,
    ...(way === 'dialplan' ? { [LEG_APP]: app } : {}),
  };
  withText(variables, 'CONNECTEDLINE(name,i)', caller.name);
  withText(variables, 'CONNECTEDLINE(num,i)', caller.number);
  withText(variables, 'CALLERID(name)', callee.name);
  withText(variables, 'CALLERID(num)', callee.number);
  return {
    method: 'POST',
    path: channelPath(request.legId),
    body: {
      endpoint: `${contact.endpoint}/${address}`,
      ...(way === 'dialplan'
        ? { context: LEG_CONTEXT, extension: 's', priority: 1 }
        : { app, appArgs: `leg,${request.forChannelId}` }),
      timeout: Math.max(1, Math.ceil(request.ringMs / 1000)),
      variables,
    },
    once: true,
    lane: 'urgent',
  };
}
