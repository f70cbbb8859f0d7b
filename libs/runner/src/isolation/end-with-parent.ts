/**
 * The program of a cell's watch: ends the cell, and what its handler started, when its worker is gone. A thread, because
 * the handler may keep the event loop busy for ever.
 */
import { workerData } from 'node:worker_threads';

/** How often it looks. */
const LOOK_MS = 500;

const { parentPid } = workerData as { readonly parentPid: number };

setInterval(() => {
  if (process.ppid === parentPid) return;
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}, LOOK_MS);
