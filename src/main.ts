/**
 * Where the process begins. Signals that must not end the router are caught first of all, for loading the rest takes a second or two, in which any of
 * them would end it. The only reader of the process: what else needs it is handed it. It must never import the rest beforehand, for that is loaded
 * before the first line runs.
 */
import { ignoreSignals } from './system/signals.ts';

const signals = ignoreSignals(process);
const { run } = await import('./run.ts');
await run(process, signals);
