import type { BodyEvents, CellBody, CellSpec } from './cell-body';
import { encodeMessage, readFromCell, type FromCell, type ToCell } from './cell-messages';
import { startProcess } from './process-body';
import { startThread } from './thread-body';

/** Longest time a cell may take until it is ready for its attempt. */
const BOOT_MS = 60_000;

/** A cell whose attempt is over closes what it opened; then it is ended by force. */
const RETIRE_MS = 2_000;

/** Why a cell was never ready. */
export class CellNotReady extends Error {
  constructor(how: string) {
    super(how);
    this.name = 'CellNotReady';
  }
}

/**
 * A child process or a thread that runs one attempt and then ends, as the worker sees it.
 *
 * Whatever it says that is no message of a cell ends it: a handler's own code may have written it.
 */
export class Cell {
  /** Resolves when it can be given its attempt; rejects with `CellNotReady` when it ended first. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, with a sentence that says how. Never rejects. */
  readonly ended: Promise<string>;
  private readonly body: CellBody;
  private listener: (message: FromCell) => void = () => undefined;
  private isReady = false;
  private isOver = false;
  /** Why this side ended it, where that is the cause to tell. */
  private cause: string | null = null;
  private timer: NodeJS.Timeout;

  constructor(
    file: string,
    readonly spec: CellSpec,
  ) {
    let isReady = () => undefined as void;
    let isNotReady = (_error: CellNotReady) => undefined as void;
    let hasEnded = (_sentence: string) => undefined as void;
    this.ready = new Promise<void>((resolve, reject) => {
      isReady = resolve;
      isNotReady = reject;
    });
    this.ended = new Promise((resolve) => {
      hasEnded = resolve;
    });
    // Whoever waits for it hears of it; a spare that nobody waits for must not end the worker.
    this.ready.catch(() => undefined);
    const events: BodyEvents = {
      message: (text) => {
        const message = readFromCell(text);
        if (message === null) return events.breach();
        if (message.kind !== 'ready') return this.listener(message);
        clearTimeout(this.timer);
        this.isReady = true;
        isReady();
      },
      breach: () => this.end('was ended: it sent what is no message, or one that is too large'),
      ended: (how) => {
        if (this.isOver) return;
        this.isOver = true;
        clearTimeout(this.timer);
        const sentence = `The isolated ${spec.kind} ${this.cause ?? how}`;
        isNotReady(new CellNotReady(sentence));
        hasEnded(sentence);
      },
    };
    this.timer = setTimeout(() => this.end(`was not ready within ${BOOT_MS / 1_000} s`), BOOT_MS);
    this.body = spec.kind === 'process' ? startProcess(file, spec, events) : startThread(file, spec, events);
  }

  get over(): boolean {
    return this.isOver;
  }

  /** From now on this hears what the cell says. */
  listen(listener: (message: FromCell) => void): void {
    this.listener = listener;
  }

  send(message: ToCell): void {
    if (!this.isOver) this.body.send(encodeMessage(message));
  }

  /** Ends it by force, at once. */
  kill(): void {
    if (!this.isOver) this.body.kill();
  }

  /** Its attempt is over: it ends by itself, or after two seconds by force. One that never got it knows of no end. */
  retire(): void {
    if (this.isOver) return;
    if (!this.isReady) return this.kill();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.kill(), RETIRE_MS);
  }

  private end(cause: string): void {
    this.cause ??= cause;
    this.kill();
  }
}
