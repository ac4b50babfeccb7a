/** A dispatcher for tests that look at one thing: whatever else it has to tell is told to nobody. */
import { Dispatcher, type DispatcherDeps } from '../../src/asterisk/app/dispatcher.ts';

export function quietDispatcher(ports: Partial<DispatcherDeps> = {}): Dispatcher {
  return new Dispatcher({
    onArrival() {},
    hangUpStray() {},
    onReplaced() {},
    onCallerReplaced() {},
    ...ports,
  });
}
