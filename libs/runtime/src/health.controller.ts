import { within } from '@millrace/contracts';
import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { LoopWatch } from './loop-watch';
import { Public } from './public';
import { Readiness, type ReadinessCheck } from './readiness';
import { Shutdown } from './shutdown';

/** A dependency that has not answered by then is as good as away. */
const CHECK_TIMEOUT_MS = 1_500;

/** Tells an orchestrator whether to restart this process and whether to send it requests. */
@ApiExcludeController()
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly loops: LoopWatch,
    private readonly readiness: Readiness,
    private readonly shutdown: Shutdown,
  ) {}

  /** Asks no dependency: a restart would not bring one back. */
  @Public()
  @Get('live')
  @Header('Cache-Control', 'no-store')
  live(): Promise<HealthCheckResult> {
    return this.health.check([() => this.checkLoops()]);
  }

  @Public()
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.checkDraining(),
      ...this.readiness.checks.map((check) => () => this.checkDependency(check)),
    ]);
  }

  private checkLoops() {
    const indicator = this.indicators.check('loops');
    const silent = this.loops.silent();
    return silent.length === 0 ? indicator.up() : indicator.down({ silent });
  }

  private checkDraining() {
    const indicator = this.indicators.check('accepting');
    return this.shutdown.draining.aborted ? indicator.down('shutting down') : indicator.up();
  }

  private async checkDependency({ name, need, check }: ReadinessCheck) {
    const indicator = this.indicators.check(name);
    try {
      return indicator.up((await within(CHECK_TIMEOUT_MS, check())) ?? {});
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return need === 'required' ? indicator.down(message) : indicator.degraded(message);
    }
  }
}
