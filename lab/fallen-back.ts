/** The caller whom the router has given back: the no-answer scenario speaks, and nobody needs to listen to its end. Reads the dialplan's word, never the router's. */
import type { Ending } from './asterisk/asterisk.ts';
import type { LabCall } from './caller.ts';
import type { Lab } from './lab.ts';

/** Waits until the no-answer scenario answers the caller, who then hangs up; tells how the call left the dialplan. Throws when nothing answers within 10 s. */
export async function fallsBack(lab: Lab, call: LabCall): Promise<Ending> {
  await call.waitFor('answered');
  await call.hangUp();
  return await lab.ending(call);
}
