import type { Store } from '@millrace/stack';
import type { AppendLog } from './append-log';
import type { Service, Testbed } from './testbed';

/** Does harm to the platform, only to what the testbed itself started, and leaves a line about each deed. */
export class Nemesis {
  constructor(
    private readonly testbed: Testbed,
    private readonly log: AppendLog,
  ) {}

  /** Notes a deed. `harmed` are the processes that may be taken for lost because of it. */
  note(what: string, harmed: readonly Service[] = []): void {
    this.log.write({ kind: 'fault', what, harmed: pidsOf(harmed) });
  }

  /** kill -9; the process is gone when it resolves. */
  async kill(service: Service): Promise<void> {
    this.note(`kill -9 ${nameOf(service)}`, [service]);
    await service.process.kill('SIGKILL');
  }

  /** SIGTERM; resolves with the exit code. */
  async terminate(service: Service): Promise<number | null> {
    this.note(`SIGTERM ${nameOf(service)}`);
    const code = await service.process.kill('SIGTERM');
    this.note(`${nameOf(service)} ended with ${code ?? 'a signal'}`);
    return code;
  }

  /** The process stands still until `resume`. */
  async pause(service: Service): Promise<void> {
    this.note(`SIGSTOP ${nameOf(service)}`, [service]);
    await service.process.kill('SIGSTOP');
  }

  async resume(service: Service): Promise<void> {
    this.log.write({ kind: 'fault', what: `SIGCONT ${nameOf(service)}`, harmed: [], resumed: pidsOf([service]) });
    await service.process.kill('SIGCONT');
  }

  /** kill -9 of a whole store, and a start on the same data after `awayMs`. */
  async killStore(name: 'postgres' | 'redis', awayMs: number): Promise<void> {
    this.note(`kill -9 ${name} for ${awayMs} ms`);
    await this.testbed[name].kill('SIGKILL');
    await pause(awayMs);
    await this.testbed[name].restart();
    this.note(`${name} is back`);
  }

  /** A store stands still for `forMs`. */
  async freezeStore(name: 'postgres' | 'redis', forMs: number): Promise<void> {
    const store: Store = this.testbed[name];
    this.note(`SIGSTOP ${name} for ${forMs} ms`);
    await store.kill('SIGSTOP');
    await pause(forMs);
    await store.kill('SIGCONT');
    this.note(`SIGCONT ${name}`);
  }
}

/** Tasks are held by workers, and by the schedulers that run a function. */
function pidsOf(services: readonly Service[]): number[] {
  return services.filter(({ kind }) => kind !== 'api').map(({ process }) => process.pid);
}

function nameOf({ kind, process }: Service): string {
  return `${kind} ${process.pid}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
