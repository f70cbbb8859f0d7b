import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { workspaceRoot } from '@millrace/stack';

/** How long a service may take to be ready; ten times what it takes on two cores. */
const READY_TIMEOUT_MS = 60_000;

/** One built service, running as its own process as it would in a container. */
export class ServiceProcess {
  private output = '';

  private constructor(
    readonly name: string,
    /** Where its HTTP endpoints are, without a trailing slash. */
    readonly url: string,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-64_000);
      });
    }
  }

  /** Starts `dist/apps/<name>/main.js` with exactly these variables, and waits until it is ready. */
  static async start(name: string, port: number, env: Record<string, string>): Promise<ServiceProcess> {
    const child = spawn(process.execPath, [join(workspaceRoot, 'dist', 'apps', name, 'main.js')], {
      cwd: workspaceRoot,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const service = new ServiceProcess(name, `http://127.0.0.1:${port}`, child);
    await service.untilReady();
    return service;
  }

  get logs(): string {
    return this.output;
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

  async untilReady(): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (Date.now() < deadline && this.running) {
      const ready = await fetch(`${this.url}/health/ready`).then(
        (response) => response.ok,
        () => false,
      );
      if (ready) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const output = this.output;
    this.child.kill('SIGKILL');
    throw new Error(`${this.name} was not ready in time:\n${output}`);
  }
}
