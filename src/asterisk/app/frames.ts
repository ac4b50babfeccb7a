/**
 * What comes over the event connection: each event to the dispatcher, and each kind of junk told once. Must never throw: it runs in the socket's handler.
 */
import type { Log } from '../../call/ports.ts';
import { readEvent } from '../ari/events.ts';
import type { Dispatcher } from './dispatcher.ts';

const MAX_TOLD = 100;

export function frameReader(dispatcher: Pick<Dispatcher, 'take'>, log: Log): (frame: Buffer) => void {
  const told = new Set<string>();
  return (frame) => {
    const answer = readEvent(frame);
    if (answer.kind === 'event') {
      try {
        dispatcher.take(answer.event);
      } catch (error) {
        log.error('an event was not taken', { type: answer.event.type, error: String(error) });
      }
      return;
    }
    const key = `${answer.kind} ${answer.type}`;
    // Types that are not used may be any number; those that are malformed are few, and always told of.
    if (told.has(key) || (answer.kind === 'unknown' && told.size >= MAX_TOLD)) return;
    told.add(key);
    if (answer.kind === 'unknown') log.debug('an event of a type that is not used', { type: answer.type });
    else log.warn('an event that is not as ARI describes it was dropped', { type: answer.type, detail: answer.detail });
  };
}
