import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { ISOLATED_ARGUMENT } from '@millrace/runtime';
import { outOfMemory, type BodyEvents, type CellBody, type CellSpec } from './cell-body';
import { MOST_MESSAGE_CHARS } from './cell-messages';
import { LineReader } from './line-reader';

/** The file descriptor of the channel in the child. */
export const CHANNEL_FD = 3;

/** How much of the end of its error output is looked at for the cause of its death. */
const TAIL_CHARS = 4_096;

/** How long the streams of a process that has ended are waited for. */
const CLOSE_MS = 500;

/**
 * Starts the program again as a child process, in a process group of its own: what its handler starts ends with it, and
 * Ctrl-C reaches the worker alone.
 *
 * The channel is a pipe of our own with a bound on each line. The one of `fork` has none, and a handler could fill the
 * worker's memory through it.
 */
export function startProcess(file: string, spec: CellSpec, events: BodyEvents): CellBody {
  const heap = spec.memoryMiB === null ? [] : [`--max-old-space-size=${spec.memoryMiB}`];
  const child = spawn(process.execPath, [...inheritedArguments(), ...heap, file, ISOLATED_ARGUMENT], {
    stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
    detached: true,
  });

  const channel = child.stdio[CHANNEL_FD] as Duplex;
  const lines = new LineReader(
    MOST_MESSAGE_CHARS,
    (line) => events.message(line),
    () => events.breach(),
  );
  channel.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  // A channel breaks when its process ends, which is heard of by itself.
  channel.on('error', () => undefined);

  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    tail = (tail + chunk.toString('latin1')).slice(-TAIL_CHARS);
  });
  child.once('error', ({ message }) => events.ended(`could not be started: ${message}`));
  // After `close` what it said last is read; a process of its own that it left behind may keep that from coming.
  child.once('exit', (code, signal) => {
    killGroup(child.pid, () => undefined);
    setTimeout(() => report(code, signal), CLOSE_MS);
  });
  child.once('close', report);

  function report(code: number | null, signal: NodeJS.Signals | null): void {
    if (tail.includes('heap out of memory')) return events.ended(outOfMemory(spec));
    events.ended(signal === null ? `ended with exit code ${code ?? 'unknown'}` : `was ended by ${signal}`);
  }

  return {
    send: (text) => channel.write(`${text}\n`),
    kill: () => killGroup(child.pid, () => child.kill('SIGKILL')),
  };
}

/** Node's arguments of this process without those that two processes cannot share. */
function inheritedArguments(): string[] {
  return process.execArgv.filter((argument) => !/^--(inspect|max-old-space-size)/.test(argument));
}

function killGroup(pid: number | undefined, killAlone: () => void): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // There are no process groups on this system, or this one is gone.
    killAlone();
  }
}
