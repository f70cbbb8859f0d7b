import { Worker } from 'node:worker_threads';
import { ISOLATED_ARGUMENT } from '@millrace/runtime';
import { outOfMemory, type BodyEvents, type CellBody, type CellSpec } from './cell-body';

/** Starts the program again in a thread of this process. */
export function startThread(file: string, spec: CellSpec, events: BodyEvents): CellBody {
  const thread = new Worker(file, {
    argv: [ISOLATED_ARGUMENT],
    resourceLimits: spec.memoryMiB === null ? {} : { maxOldGenerationSizeMb: spec.memoryMiB },
  });
  let failure: string | null = null;
  thread.on('message', (text: unknown) => (typeof text === 'string' ? events.message(text) : events.breach()));
  thread.once('error', (error: NodeJS.ErrnoException) => {
    failure = error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(spec) : `was ended by an error: ${error.message}`;
  });
  thread.once('exit', (code) => events.ended(failure ?? `ended with exit code ${code}`));
  return { send: (text) => thread.postMessage(text), kill: () => void thread.terminate() };
}
