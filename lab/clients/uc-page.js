/**
 * The page of the UC Assistant: JsSIP as a browser softphone has it. It tells whoever has opened it all that happens, does what it is told, and knows neither lab nor
 * router. Bundled and served by uc-assistant.ts; it is plain JavaScript, for the rest of the repository has no browser's types.
 */
import JsSIP from 'jssip';

/** A tone must come through as it is. */
const AUDIO = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const MEDIA = { mediaConstraints: { audio: AUDIO, video: false }, pcConfig: { iceServers: [] } };
const EVENTS = ['progress', 'accepted', 'confirmed', 'ended', 'failed', 'hold', 'unhold', 'getusermediafailed'];
const SAMPLES = 1024;

const sessions = [];
const ears = new Map();
let agent;

const tell = (event) => window.told(event);

/** Every SIP message, for the trace. */
class TracedWebSocket extends window.WebSocket {
  constructor(...args) {
    super(...args);
    this.addEventListener('message', ({ data }) => tell({ what: 'sip', direction: '<--', text: String(data) }));
  }
  send(data) {
    tell({ what: 'sip', direction: '-->', text: String(data) });
    super.send(data);
  }
}
window.WebSocket = TracedWebSocket;

function listenTo(connection, index) {
  connection.addEventListener('track', ({ track, streams: [stream = new MediaStream([track])] }) => {
    // Without an element that plays it, Chromium gives a remote stream no samples.
    const player = new Audio();
    player.srcObject = stream;
    player.play();
    const context = new AudioContext({ sampleRate: 8000 });
    const analyser = new AnalyserNode(context, { fftSize: SAMPLES });
    context.createMediaStreamSource(stream).connect(analyser);
    ears.set(index, { analyser, context, player });
  });
}

function adopt({ session, originator, request }) {
  const index = sessions.push(session) - 1;
  for (const name of EVENTS) {
    session.on(name, (event = {}) => {
      const reason = event.message?.getHeader?.('Reason');
      tell({ what: name, session: index, by: event.originator, cause: event.cause, reason });
    });
  }
  if (session.connection) listenTo(session.connection, index);
  else session.on('peerconnection', ({ peerconnection }) => listenTo(peerconnection, index));
  tell({ what: originator === 'remote' ? 'incoming' : 'outgoing', session: index, from: request.from.toString() });
}

window.uc = {
  register({ url, account, password, host }) {
    agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(url)],
      uri: `sip:${account}@${host}`,
      password,
      register_expires: 120,
    });
    agent.on('registered', () => tell({ what: 'registered' }));
    agent.on('registrationFailed', ({ cause }) => tell({ what: 'registrationFailed', cause }));
    agent.on('disconnected', ({ reason }) => tell({ what: 'disconnected', cause: reason }));
    agent.on('newRTCSession', adopt);
    agent.start();
  },
  answer: (session) => sessions[session].answer(MEDIA),
  refuse: (session, status) => sessions[session].terminate({ status_code: status }),
  hangUp: (session) => sessions[session].terminate(),
  hold: (session) => sessions[session].hold(),
  unhold: (session) => sessions[session].unhold(),
  call: (number) => void agent.call(number, MEDIA),
  /** Blind to a number, or attended: to the other side of another session. */
  transfer(session, number, other) {
    const { remote_identity: side } = sessions[other] ?? {};
    const options = other === undefined ? {} : { replaces: sessions[other] };
    options.eventHandlers = Object.fromEntries(
      ['requestSucceeded', 'requestFailed', 'accepted', 'failed'].map((name) => [
        name,
        () => tell({ what: `transfer-${name}`, session }),
      ]),
    );
    sessions[session].refer(number ?? side.uri, options);
  },
  /** The latest samples at 8 kHz, 16 bits. */
  hear(session) {
    const ear = ears.get(session);
    if (ear === undefined) return [];
    const samples = new Float32Array(SAMPLES);
    ear.analyser.getFloatTimeDomainData(samples);
    return Array.from(samples, (sample) => Math.round(sample * 32767));
  },
  stop: () => agent?.stop(),
};
