import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { workspaceRoot } from '@millrace/stack';
import type { AskName, Asks, Told } from '../host/src/messages';

export interface BenchProcessOptions {
  /** For messages, such as `worker`. */
  readonly name: string;
  /** The Node.js to run. */
  readonly node: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** File that gets its output. */
  readonly log: string;
}

type Event = 'ready' | 'first' | 'ended';

/** A process that starts takes a second or two; a loaded machine takes longer. */
const READY_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 30 * 60_000;

/** A producer or a worker of a measurement, which is asked over the channel between the processes. */
export class BenchProcess {
  private lastId = 0;
  private readonly answers = new Map<number, (told: Told) => void>();
  private readonly seen = new Set<Event>();
  private readonly waiting = new Map<Event, () => void>();
  private readonly ended: Promise<never>;

  private constructor(
    private readonly options: BenchProcessOptions,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (told: Told) => this.hear(told));
    this.ended = new Promise((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`The ${options.name} ended (${signal ?? code}):\n${this.logs()}`)),
      );
    });
    // Only who waits for something at that moment wants to know.
    this.ended.catch(() => undefined);
  }

  /** Starts a process and waits until it says that it is ready. Throws with the end of its output when it is not. */
  static async start(options: BenchProcessOptions): Promise<BenchProcess> {
    const output = openSync(options.log, 'a', 0o600);
    const child = spawn(options.node, [options.script, ...(options.args ?? [])], {
      cwd: workspaceRoot,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', ...options.env },
      stdio: ['ignore', output, output, 'ipc'],
    });
    closeSync(output);
    const started = new BenchProcess(options, child);
    try {
      await started.event('ready', READY_TIMEOUT_MS);
      return started;
    } catch (error) {
      await started.end();
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Asks one thing. Throws what the process answers with, and when it ends instead. */
  async ask<Name extends AskName>(
    ask: Name,
    ...[given]: Asks[Name]['with'] extends undefined ? [] : [Asks[Name]['with']]
  ): Promise<Asks[Name]['answer']> {
    const id = ++this.lastId;
    const told = new Promise<Told>((resolve) => this.answers.set(id, resolve));
    this.child.send({ id, ask, with: given });
    const answer = await this.within(ANSWER_TIMEOUT_MS, told, `an answer to ${ask}`);
    if ('error' in answer && answer.error !== undefined) throw new Error(`The ${this.options.name}: ${answer.error}`);
    return ('answer' in answer ? answer.answer : undefined) as Asks[Name]['answer'];
  }

  /** Resolves when the process has told of an event, be it before this call. */
  async event(event: Event, timeoutMs: number): Promise<void> {
    if (this.seen.has(event)) return;
    await this.within(timeoutMs, new Promise<void>((resolve) => this.waiting.set(event, resolve)), event);
  }

  /** Ends the process at once: its stores go with it. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  /** The end of what it printed. */
  private logs(): string {
    return readFileSync(this.options.log, 'utf8').slice(-4_000);
  }

  private async within<T>(timeoutMs: number, awaited: Promise<T>, what: string): Promise<T> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`The ${this.options.name} did not give ${what} within ${timeoutMs} ms:\n${this.logs()}`);
    });
    late.catch(() => undefined);
    try {
      return await Promise.race([awaited, late, this.ended]);
    } finally {
      timer.abort();
    }
  }

  private hear(told: Told): void {
    if ('event' in told) {
      this.seen.add(told.event);
      this.waiting.get(told.event)?.();
      return;
    }
    this.answers.get(told.id)?.(told);
    this.answers.delete(told.id);
  }
}
