import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workspaceRoot } from '@millrace/stack';

/** How long a service may take to be ready; ten times what it takes on two cores. */
const READY_TIMEOUT_MS = 60_000;
/** How much of a service's output is kept for a message. */
const KEPT_OUTPUT_CHARS = 64_000;

/** One built service, running as its own process as it would in a container. */
export class ServiceProcess {
  private output = '';

  private constructor(
    /** Such as `api`. */
    readonly name: string,
    /** Where its HTTP endpoints are, without a trailing slash. */
    readonly url: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-KEPT_OUTPUT_CHARS);
      });
    }
  }

  /**
   * Starts `dist/apps/<name>/main.js` with exactly these variables, and waits until it is ready. Throws, with what it
   * printed, when it ends instead or is not ready within a minute.
   */
  static async start(name: string, port: number, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [join(workspaceRoot, 'dist', 'apps', name, 'main.js')], {
      cwd: workspaceRoot,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const service = new ServiceProcess(name, `http://127.0.0.1:${port}`, child);
    await service.untilReady();
    return service;
  }

  /** The end of what it printed. */
  get logs(): string {
    return this.output;
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

  private async untilReady(): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (performance.now() < deadline && this.running) {
      const ready = await fetch(`${this.url}/health/ready`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await sleep(50);
    }
    this.child.kill('SIGKILL');
    throw new Error(`${this.name} was not ready in time:\n${this.output}`);
  }
}
