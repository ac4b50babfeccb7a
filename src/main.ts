/**
 * Where the process begins. Signals that must not end the router are caught first of all, for loading the rest takes a second or two, in which any of
 * them would end it. The only reader of the process: what else needs it is handed it. It must never import the rest beforehand, for that is loaded
 * before the first line runs.
 */
import { ignoreSignals } from './system/signals.ts';

const signals = ignoreSignals(process);
const { enableCompileCache, flushCompileCache } = process.getBuiltinModule('node:module');
// A third of the way to the first call would go into compiling what the run before has compiled. Beside the code itself, since whoever may write there
// could change that as well; where it cannot be written, everything is compiled anew. NODE_COMPILE_CACHE names another place.
enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/xivo-mapp`);
const { run } = await import('./run.ts');
// Now, when no call waits; and a router that is killed writes nothing at its end.
flushCompileCache();
await run(process, signals);
