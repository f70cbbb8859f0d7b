import 'reflect-metadata';
import { bootstrap } from '@millrace/runtime';
import { Module } from '@nestjs/common';
import { WorkerConfig } from '../../../../apps/worker/src/worker.config';
import { WorkerModule } from '../../../../apps/worker/src/worker.module';
import { serveAsks, tell } from '../../compare/host/src/serve-asks';
import { Stamps, type StampSettings } from '../../compare/host/src/stamps';
import { BenchHandler } from './bench.handler';

const stamps = new Stamps(JSON.parse(process.env['BENCH_STAMPS'] ?? '') as StampSettings, (event) => tell({ event }));

/** The worker service as it ships, with one handler more: a no-op that notes its time, as the other systems have. */
@Module({ imports: [WorkerModule], providers: [BenchHandler, { provide: Stamps, useValue: stamps }] })
class BenchWorkerModule {}

await bootstrap(BenchWorkerModule, { service: 'worker', version: 'bench', config: WorkerConfig, port: 'workerPort' });
serveAsks({ stamps: async () => stamps.report() });
tell({ event: 'ready' });
