import 'reflect-metadata';
import { Injectable, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { IsBoolean, IsInt } from 'class-validator';
import { bootstrap } from '../bootstrap';
import { ServiceConfig } from '../service.config';
import { Setting } from '../setting';
import { Shutdown } from '../shutdown';

class PatientConfig extends ServiceConfig {
  @Setting({ doc: 'Port to listen on.' })
  @IsInt()
  patientPort = 0;

  @Setting({ doc: 'Whether the shutdown waits until it is hastened.' })
  @IsBoolean()
  patientWaits = false;
}

/** Has work that only ends when someone loses patience. */
@Injectable()
class Patience implements BeforeApplicationShutdown {
  constructor(
    private readonly shutdown: Shutdown,
    private readonly config: PatientConfig,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    if (!this.config.patientWaits) return;
    await new Promise((resolve) => this.shutdown.hastened.addEventListener('abort', resolve));
  }
}

@Module({ providers: [Patience] })
class PatientModule {}

/** A service without stores, for specs that need a whole process. */
await bootstrap(PatientModule, {
  service: 'patient',
  version: '1.0.0',
  config: PatientConfig,
  port: 'patientPort',
  closingMs: 1_000,
});
