/** A switchboard for tests that look at one thing: whatever else it has to tell is told to nobody. */
import { Switchboard, type SwitchboardPorts } from '../../src/asterisk/app/dispatcher.ts';

export function quietBoard(ports: Partial<SwitchboardPorts> = {}): Switchboard {
  return new Switchboard({
    onArrival() {},
    hangUpStray() {},
    onReplaced() {},
    onCallerReplaced() {},
    ...ports,
  });
}
