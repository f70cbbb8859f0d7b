import { Socket } from 'node:net';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { encodeMessage, readToCell, type FromCell, type ToCell } from './cell-messages';
import program from './end-with-parent?thread';
import { LineReader } from './line-reader';
import { CHANNEL_FD } from './process-body';

/** A cell's way to its worker. */
export interface CellChannel {
  /** Resolves when the message is out of this process's hands. */
  send(message: FromCell): Promise<void>;
}

/** Opens the way to the worker that started this cell. A cell whose worker is gone ends. */
export function openChannel(onMessage: (message: ToCell) => void): CellChannel {
  return isMainThread ? openPipe(onMessage) : openPort(onMessage);
}

function openPipe(onMessage: (message: ToCell) => void): CellChannel {
  const watch = new Worker(program, {
    eval: true,
    workerData: { moduleUrl: import.meta.url, parentPid: process.ppid },
  });
  watch.unref();
  const pipe = new Socket({ fd: CHANNEL_FD });
  const lines = new LineReader(
    Infinity,
    (line) => onMessage(readToCell(line)),
    () => undefined,
  );
  pipe.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  pipe.on('error', () => process.exit(1)).on('close', () => process.exit(1));
  return {
    send: (message) => new Promise((resolve) => pipe.write(`${encodeMessage(message)}\n`, () => resolve())),
  };
}

function openPort(onMessage: (message: ToCell) => void): CellChannel {
  parentPort?.on('message', (text: string) => onMessage(readToCell(text)));
  return {
    send: async (message) => parentPort?.postMessage(encodeMessage(message)),
  };
}
