import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workspaceRoot } from '@millrace/stack';

/** How long a service may take to be ready; ten times what it takes on two cores. */
const READY_TIMEOUT_MS = 120_000;
/** How much of a service's output is kept for a message. */
const KEPT_OUTPUT_CHARS = 64_000;

/** Said by a service that listens, and by one that cannot. Both stand in its own output, whoever answers on the port. */
const LISTENS = 'Listening';
const TAKEN = 'the address is taken by another process';
/** At these levels a service does not say that it listens. */
const QUIET = /^(warn|error|fatal|silent)$/;

/** Another process has the port that a service was given. */
export class AddressTaken extends Error {
  constructor(name: string, url: string) {
    super(`${name} found ${url} taken by another process`);
  }
}

/** A process ended by itself before it was seen ready; the message holds what it printed. */
export class EndedTooSoon extends Error {
  constructor(name: string, logs: string) {
    super(`${name} ended before it was seen ready:\n${logs}`);
  }
}

export interface ServiceProcessOptions {
  /** The bundle to run, from the root of the clone. Default `dist/apps/<name>/main.js`. */
  readonly bundle?: string;
  /** File that gets the output, appended, so that the whole of it is kept. Default: the end of it in memory. */
  readonly log?: string;
}

/** One built service, running as its own process as it would in a container. */
export class ServiceProcess {
  private output = '';

  private constructor(
    /** Such as `api`. */
    readonly name: string,
    /** Where its HTTP endpoints are, without a trailing slash. */
    readonly url: string,
    private readonly child: ChildProcess,
    /** The file that has its output from this byte on. */
    private readonly log: { readonly file: string; readonly fromByte: number } | undefined,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
      });
    }
  }

  /**
   * Starts a bundle with exactly these variables, and waits until it says that it listens and answers that it is ready; when
   * `LOG_LEVEL` makes it say less, the answer alone counts, which another process on its port may have given.
   * Throws `AddressTaken` or `EndedTooSoon`, or, with what it printed, when it is not ready within two minutes.
   */
  static async start(
    name: string,
    port: number,
    env: Readonly<Record<string, string>>,
    { bundle = join('dist', 'apps', name, 'main.js'), log }: ServiceProcessOptions = {},
  ): Promise<ServiceProcess> {
    const fromByte = log !== undefined && existsSync(log) ? statSync(log).size : 0;
    const output = log === undefined ? 'pipe' : openSync(log, 'a');
    const child = spawn(process.execPath, [join(workspaceRoot, bundle)], {
      cwd: workspaceRoot,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', output, output],
    });
    if (typeof output === 'number') closeSync(output);
    const service = new ServiceProcess(
      name,
      `http://127.0.0.1:${port}`,
      child,
      log ? { file: log, fromByte } : undefined,
    );
    await service.untilReady(QUIET.test(env['LOG_LEVEL'] ?? '') ? '' : LISTENS);
    return service;
  }

  /** The end of what it printed. */
  get logs(): string {
    if (this.log === undefined) return this.output;
    return readFileSync(this.log.file).subarray(this.log.fromByte).toString().slice(-KEPT_OUTPUT_CHARS);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with the exit code (null after a fatal signal) once it has ended. */
  async exited(): Promise<number | null> {
    if (this.running) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  /** Sends a signal and, unless it only pauses the process, waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return null;
    return this.exited();
  }

  /** `word` must stand in what it printed. */
  private async untilReady(word: string): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    let listens = false;
    while (performance.now() < deadline && this.running) {
      listens ||= this.logs.includes(word);
      const ready =
        listens &&
        (await fetch(`${this.url}/health/ready`).then(
          (response) => response.ok,
          () => false,
        ));
      if (ready) return;
      await sleep(50);
    }
    const hasEnded = !this.running;
    await this.kill('SIGKILL');
    if (this.logs.includes(TAKEN)) throw new AddressTaken(this.name, this.url);
    if (hasEnded) throw new EndedTooSoon(this.name, this.logs);
    throw new Error(`${this.name} was not ready in time:\n${this.logs}`);
  }
}
