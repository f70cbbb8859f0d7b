import 'reflect-metadata';
import { VERSION } from '@millrace/contracts';
import { bootstrap } from '@millrace/runtime';
import { WorkerConfig } from './worker.config';
import { WorkerModule } from './worker.module';

await bootstrap(WorkerModule, { service: 'worker', version: VERSION, config: WorkerConfig, port: 'workerPort' });
