/**
 * How a call can end, as tables: the words are XIVO_MAPP_STATUS and XIVO_MAPP_REASON. Each ending that the code has needs words here, or this does not
 * compile.
 */
import { type Ending, statusOf } from '../../src/call/outcomes.ts';
import { code, table } from './table.ts';

type Outcome = Ending['outcome'];
type ReasonOf<O extends Outcome> = Extract<Ending, { readonly outcome: O }>['reason'];

const WORDS: { readonly [O in Outcome]: Readonly<Record<ReasonOf<O>, string>> } = {
  answered: {
    mobile: 'A mobile has answered. Set when both are connected.',
    webapp: 'The UC Assistant has answered. Set when both are connected.',
    'picked-up': 'A colleague has picked the call up while it rang.',
  },
  ready: {
    mobile: 'FastAGI only. A mobile has woken: dial `XIVO_MAPP_DIAL`.',
    registered: 'FastAGI only. Nobody had to be woken: dial `XIVO_MAPP_DIAL`.',
    'wait-over': 'FastAGI only. Nobody has woken, but somebody is registered and may be alive: dial `XIVO_MAPP_DIAL`.',
  },
  'no-answer': {
    'wait-over': 'No mobile has woken within the wait, and nothing else could ring.',
    'ring-time-over': 'Somebody rang, and nobody has answered.',
  },
  busy: { busy: 'A device has said busy, and nobody else may come.' },
  declined: { declined: 'The callee has declined.' },
  unreachable: {
    'no-device': 'Nothing is registered, and there is no mobile to push. Nobody was waited for.',
    'every-token-dead':
      'Every push came back as a dead token, and nothing is registered. Nobody was waited for any longer.',
    'not-registered': 'The UC Assistant alone shall ring, and is not registered.',
    'every-leg-failed': 'Devices were dialled, and each of them has failed.',
  },
  passed: {
    'unknown-user': 'The user is not in the registry, and the channel names no endpoint.',
    'no-endpoint': 'The user has no endpoint for the ringing device.',
    'bad-endpoint': 'An endpoint is not of the form `PJSIP/name`.',
    'bad-device': '`XIVO_MAPP_DEVICE` is none of the three ringing devices.',
    'do-not-disturb': '`XIVO_ENABLEDND` is set.',
    forwarded: '`XIVO_ENABLEUNC` is set.',
  },
  failed: {
    'router-stopping': 'The router stops. The dialplan tries again for five seconds before you see this.',
    'pbx-error': 'Asterisk refuses what the call needs. The log says what.',
    'router-error': 'An unforeseen fault. The log has it.',
    'pbx-slow': 'Asterisk is far too slow (`XIVO_MAPP_SLOW_MS`).',
    'too-many-calls': 'More calls than `XIVO_MAPP_MAX_CALLS` wait or ring.',
  },
  'caller-left': {
    'before-push': 'Before anybody was pushed.',
    'while-waiting': 'While a mobile was woken.',
    'while-ringing': 'While somebody rang.',
    'answered-elsewhere': "The caller's own side says that somebody else has answered: a group, a queue, a fork.",
    moved: 'The channel was moved to another place in the dialplan, by a transfer or AMI.',
  },
};

/** Words that the dialplan and FastAGI give by themselves: status, reason, meaning. */
export const OWN_REASONS = [
  ['FAILED', 'router-absent', 'No router is connected.'],
  ['FAILED', 'router-silent', 'The router hangs: it has not seen to the call in time.'],
  ['PASSED', 'no-call', 'A SIP message, which is no call.'],
  ['FAILED', 'bad-request', 'FastAGI only. The dialplan has asked for what there is not.'],
] as const;

const entriesOf = (outcome: Outcome): readonly (readonly [string, string])[] => Object.entries(WORDS[outcome]);

export function endingTable(): string {
  const outcomes = (Object.keys(WORDS) as Outcome[]).filter((outcome) => outcome !== 'caller-left');
  return table(
    ['`XIVO_MAPP_STATUS`', '`XIVO_MAPP_REASON`', 'means'],
    outcomes.flatMap((outcome) =>
      entriesOf(outcome).map(([reason, means]) => {
        // The status hangs on the outcome alone.
        const status = statusOf({ outcome, reason } as Ending);
        return [code(status ?? ''), code(reason), means];
      }),
    ),
  );
}

export function ownReasonTable(): string {
  return table(
    ['`XIVO_MAPP_STATUS`', '`XIVO_MAPP_REASON`', 'means'],
    OWN_REASONS.map(([status, reason, means]) => [code(status), code(reason), means]),
  );
}

export function leftTable(): string {
  return table(
    ['reason', 'the caller has left'],
    entriesOf('caller-left').map(([reason, means]) => [code(reason), means]),
  );
}
