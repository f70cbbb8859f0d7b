import { Injectable, Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { randomUUID } from 'node:crypto';
import type { Json } from '@millrace/contracts';
import { QueueClient, QueueModule, QueueOptions, Queues } from '@millrace/queue';
import { LoopWatch, Metrics, Program, Shutdown } from '@millrace/runtime';
import { migrate, Store, StoreModule, StoreOptions, TaskQueries, type TaskRow } from '@millrace/store';
import { TaskControl, TaskPolicy, TasksModule, TaskSubmitter } from '@millrace/tasks';
import { eventually, testDatabase, testRedis } from '@millrace/testing';
import { RunnerModule } from './runner.module';
import { RunnerOptions } from './runner-options';
import type { TaskContext } from './task-context';
import { TaskHandler, type Handler, type TaskHandlerOptions } from './task-handler';
import { Worker } from './worker';

/** What a scripted handler does with one attempt. */
export type Script = (payload: Json, context: TaskContext) => unknown;

/** A handler class for one type that does what the script says. */
export function handlerOf(type: string, script: Script, options: TaskHandlerOptions = {}): Type<Handler> {
  @Injectable()
  @TaskHandler(type, options)
  class ScriptedHandler implements Handler {
    handle(payload: Json, context: TaskContext): unknown {
      return script(payload, context);
    }
  }
  return ScriptedHandler;
}

/** One worker of a spec, with everything around it. */
export interface TestWorker {
  readonly app: INestApplicationContext;
  readonly worker: Worker;
  readonly shutdown: Shutdown;
  /** Shuts it down as a signal would. */
  readonly stop: () => Promise<void>;
}

/** Stores for one spec file, and workers on them. */
export interface Workbench {
  readonly databaseUrl: string;
  readonly store: Store;
  readonly queues: Queues;
  readonly client: QueueClient;
  readonly submitter: TaskSubmitter;
  readonly control: TaskControl;
  readonly queries: TaskQueries;
  /** Starts a worker that serves these handlers; without a program it has no cells. */
  startWorker(
    handlers: readonly Type<Handler<never>>[],
    options?: Partial<RunnerOptions>,
    program?: Program,
  ): Promise<TestWorker>;
  /** The task's row once it satisfies the condition; by default, once it is final. */
  rowWhen(taskId: string, condition?: (row: TaskRow) => boolean, timeoutMs?: number): Promise<TaskRow>;
  readonly close: () => Promise<void>;
}

/** Where the stores are; by default a database and a prefix of its own. */
export interface Stores {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly close: () => Promise<void>;
}

export async function openWorkbench(stores?: Stores): Promise<Workbench> {
  const { databaseUrl, redisUrl, prefix, close } = stores ?? (await ownStores());
  await migrate(databaseUrl);
  const rest = (handlers: readonly Type<Handler<never>>[], program = new Program()) =>
    around({ databaseUrl, redisUrl, prefix }, handlers, program);
  const bench = await NestFactory.createApplicationContext(rest([]), { logger: false });
  const workers: TestWorker[] = [];
  const queries = bench.get(TaskQueries);

  return {
    databaseUrl,
    store: bench.get(Store),
    queues: bench.get(Queues),
    client: bench.get(QueueClient),
    submitter: bench.get(TaskSubmitter),
    control: bench.get(TaskControl),
    queries,
    startWorker: async (handlers, options = {}, program = new Program()) => {
      const worker = await startWorker(rest(handlers, program), options);
      workers.push(worker);
      return worker;
    },
    rowWhen: (taskId, condition = (row) => row.finishedAt !== null, timeoutMs = 10_000) =>
      eventually(async () => {
        const row = await queries.findByTaskId(taskId);
        if (!row || !condition(row))
          throw new Error(`not yet: ${row?.status ?? 'no row'} attempt ${row?.attempt ?? 0}`);
        return row;
      }, timeoutMs),
    close: async () => {
      for (const { stop } of workers) await stop();
      await bench.close();
      await close();
    },
  };
}

async function ownStores(): Promise<Stores> {
  const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  return {
    databaseUrl: database.url,
    redisUrl: redis.url,
    prefix: `${redis.prefix}-${randomUUID().slice(0, 8)}`,
    close: async () => {
      await redis.close();
      await database.drop();
    },
  };
}

async function startWorker(rest: DynamicModule, options: Partial<RunnerOptions>): Promise<TestWorker> {
  const runner = RunnerModule.forRoot({ useFactory: () => new RunnerOptions({ leaseMs: 3_000, ...options }) });
  const app = await NestFactory.createApplicationContext(
    { module: class WorkerModule {}, imports: [rest, runner] },
    { logger: false },
  );
  let stopped: Promise<void> | undefined;
  return {
    app,
    worker: app.get(Worker),
    shutdown: app.get(Shutdown),
    stop: () => (stopped ??= app.close()),
  };
}

/** What a service has around the engine. */
function around(
  { databaseUrl, redisUrl, prefix }: Omit<Stores, 'close'>,
  handlers: readonly Type<Handler<never>>[],
  program: Program,
): DynamicModule {
  return {
    module: Around,
    global: true,
    imports: [
      StoreModule.forRoot({ useFactory: () => new StoreOptions({ databaseUrl, poolSize: 6, plans: 'by_key' }) }),
      QueueModule.forRoot({ useFactory: () => new QueueOptions({ redisUrl, prefix }) }),
      TasksModule.forRoot({ useFactory: () => new TaskPolicy({ retryDelayMs: 50 }) }),
    ],
    providers: [Metrics, LoopWatch, Shutdown, { provide: Program, useValue: program }, ...handlers],
    exports: [Metrics, LoopWatch, Shutdown, Program],
  };
}

@Module({})
class Around {}
