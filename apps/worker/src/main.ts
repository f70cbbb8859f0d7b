import 'reflect-metadata';
import { bootstrap } from '@millrace/runtime';
import { VERSION } from './version';
import { WorkerConfig } from './worker.config';
import { WorkerModule } from './worker.module';

await bootstrap(WorkerModule, { service: 'worker', version: VERSION, config: WorkerConfig, port: 'workerPort' });
