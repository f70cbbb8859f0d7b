import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { bootstrap } from '@millrace/runtime';
import { WorkerConfig } from '../../../../apps/worker/src/worker.config';
import { WorkerModule } from '../../../../apps/worker/src/worker.module';
import { CrashHandler } from './crash.handler';
import { EffectHandler } from './effect.handler';
import { EffectLog } from './effect-log';
import { HostileHandler } from './hostile.handler';

/** The worker service as it ships, with handlers that leave traces and misbehave on request. */
@Module({ imports: [WorkerModule], providers: [EffectLog, EffectHandler, HostileHandler, CrashHandler] })
class FaultsWorkerModule {}

await bootstrap(FaultsWorkerModule, { service: 'worker', version: 'faults', config: WorkerConfig, port: 'workerPort' });
