import { freePort } from '@millrace/stack';
import { ServiceProcess } from '@millrace/testing';

export interface PlatformOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Key prefix of this platform, so that several share one Redis. Default `millrace`. */
  readonly prefix?: string;
  /** How many worker processes. Default 1. */
  readonly workers?: number;
  /** Further variables, for every service. */
  readonly env?: Record<string, string>;
}

/** The whole platform as a user runs it: api, workers and scheduler, each its own process, on real stores. */
export class Platform {
  private readonly ports: number[] = [];

  private constructor(
    private readonly env: Record<string, string>,
    readonly services: ServiceProcess[] = [],
  ) {}

  static async start(options: PlatformOptions): Promise<Platform> {
    const platform = new Platform({
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      DATABASE_URL: options.databaseUrl,
      REDIS_URL: options.redisUrl,
      QUEUE_REDIS_PREFIX: options.prefix ?? 'millrace',
      ...options.env,
    });
    try {
      await platform.add('api');
      for (let n = 0; n < (options.workers ?? 1); n += 1) await platform.add('worker');
      await platform.add('scheduler');
    } catch (error) {
      await platform.stop();
      throw error;
    }
    return platform;
  }

  get api(): ServiceProcess {
    return this.service('api');
  }

  get scheduler(): ServiceProcess {
    return this.service('scheduler');
  }

  get workers(): ServiceProcess[] {
    return this.services.filter((service) => service.name === 'worker');
  }

  /** Starts one more process of a service on a free port. */
  async add(name: 'api' | 'worker' | 'scheduler', env: Record<string, string> = {}): Promise<ServiceProcess> {
    const port = await freePort(0, { except: this.ports });
    this.ports.push(port);
    const service = await ServiceProcess.start(name, port, {
      ...this.env,
      [`${name.toUpperCase()}_PORT`]: String(port),
      ...env,
    });
    this.services.push(service);
    return service;
  }

  /** Ends every process politely; kills those that do not end within a minute. */
  async stop(): Promise<void> {
    await Promise.all(
      this.services.map(async (service) => {
        const timer = setTimeout(() => void service.kill('SIGKILL'), 60_000);
        await service.kill('SIGTERM');
        clearTimeout(timer);
      }),
    );
  }

  private service(name: string): ServiceProcess {
    const found = this.services.find((service) => service.name === name);
    if (!found) throw new Error(`No ${name} is running`);
    return found;
  }
}
