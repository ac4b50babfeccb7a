/**
 * The plain alternative that scripts/bench measures the router against: what one writes in an afternoon. It holds callers in Stasis and rings a mobile;
 * `wait`: once the mobile registers, whose contacts it then reads one request after another; `music` and `ring`, after what the caller hears: at once, plain originate and bridge. It must stay plain: no push, no message, no
 * fallback, no error handled.
 */
import { WebSocket } from 'ws';

const { ARI_URL = '', ARI_USERNAME = '', ARI_PASSWORD = '', ARI_APP = '' } = process.env;
const authorization = `Basic ${Buffer.from(`${ARI_USERNAME}:${ARI_PASSWORD}`).toString('base64')}`;

interface Event {
  readonly type: string;
  readonly args?: readonly string[];
  readonly channel?: { readonly id: string };
  readonly endpoint?: { readonly technology: string; readonly resource: string };
  readonly contact_info?: { readonly contact_status: string };
}

interface Waiting {
  readonly callerId: string;
  readonly endpoint: string;
  isRinging: boolean;
}

/** Callers that wait, by the endpoint for which they do. */
const waiting = new Map<string, Waiting>();
/** The other channel of each channel, and their bridge. */
const partners = new Map<string, { readonly other: string; readonly bridge: string }>();

async function ask(method: string, path: string, query: Record<string, string> = {}): Promise<string> {
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
  const answer = await fetch(`${ARI_URL}/ari${path}?${search}`, { method, headers: { authorization } });
  return await answer.text();
}

async function variable(channelId: string, name: string): Promise<string> {
  const answer: { readonly value?: string } = JSON.parse(
    await ask('GET', `/channels/${channelId}/variable`, { variable: name }),
  );
  return answer.value ?? '';
}

function subscription(method: string, endpoint: string): Promise<string> {
  return ask(method, `/applications/${ARI_APP}/subscription`, { eventSource: `endpoint:${endpoint}` });
}

async function ring(callerId: string, target: string): Promise<void> {
  const legId = `${callerId}-leg`;
  const bridge = `${callerId}-bridge`;
  partners.set(callerId, { other: legId, bridge }).set(legId, { other: callerId, bridge });
  await Promise.all([
    ask('POST', `/bridges/${bridge}`, { type: 'mixing' }),
    ask('POST', `/channels/${legId}`, { endpoint: target, app: ARI_APP, appArgs: `leg,${callerId}`, timeout: '60' }),
  ]);
}

async function onCaller(callerId: string, what: string, endpoint: string): Promise<void> {
  if (what === 'wait') {
    waiting.set(endpoint, { callerId, endpoint, isRinging: false });
    await subscription('POST', endpoint);
    await ask('POST', `/channels/${callerId}/moh`);
  } else {
    const music = what === 'music' ? ask('POST', `/channels/${callerId}/moh`) : undefined;
    await Promise.all([music, ring(callerId, endpoint)]);
  }
}

async function onContact(caller: Waiting): Promise<void> {
  if (caller.isRinging) return;
  caller.isRinging = true;
  const name = caller.endpoint.replace('PJSIP/', '');
  const aor = await variable(caller.callerId, `PJSIP_ENDPOINT(${name},aors)`);
  const contacts = await variable(caller.callerId, `PJSIP_AOR(${aor},contact)`);
  for (const contact of contacts.split(',')) {
    const uri = await variable(caller.callerId, `PJSIP_CONTACT(${contact},uri)`);
    const status = await variable(caller.callerId, `PJSIP_CONTACT(${contact},status)`);
    if (uri !== '' && status !== 'Unreachable') await ring(caller.callerId, `${caller.endpoint}/${uri}`);
  }
}

async function onAnswer(legId: string, callerId: string): Promise<void> {
  const bridge = partners.get(legId)?.bridge ?? '';
  await Promise.all([ask('DELETE', `/channels/${callerId}/moh`), ask('POST', `/channels/${callerId}/answer`)]);
  await ask('POST', `/bridges/${bridge}/addChannel`, { channel: `${callerId},${legId}` });
}

async function onGone(channelId: string): Promise<void> {
  const partner = partners.get(channelId);
  partners.delete(channelId);
  for (const caller of waiting.values()) {
    if (caller.callerId !== channelId) continue;
    waiting.delete(caller.endpoint);
    await subscription('DELETE', caller.endpoint);
  }
  if (partner === undefined) return;
  await Promise.all([ask('DELETE', `/channels/${partner.other}`), ask('DELETE', `/bridges/${partner.bridge}`)]);
}

async function take(event: Event): Promise<void> {
  const { type, args = [], channel, endpoint, contact_info: contact } = event;
  const [what = '', whom = ''] = args;
  if (type === 'StasisStart' && channel !== undefined) {
    if (what === 'leg') await onAnswer(channel.id, whom);
    else await onCaller(channel.id, what, whom);
  }
  if ((type === 'StasisEnd' || type === 'ChannelDestroyed') && channel !== undefined) await onGone(channel.id);
  if (type === 'ContactStatusChange' && contact?.contact_status !== 'Removed') {
    const caller = waiting.get(`${endpoint?.technology}/${endpoint?.resource}`);
    if (caller !== undefined) await onContact(caller);
  }
}

const socket = new WebSocket(`${ARI_URL.replace('http', 'ws')}/ari/events?app=${ARI_APP}`, {
  headers: { authorization },
});
socket.on('message', (data) => void take(JSON.parse(String(data))));
socket.on('open', () => console.log('ready'));
