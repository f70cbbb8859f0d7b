import type { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CellDuty } from './program';

/**
 * Runs a built application as a cell: initialised like a service, without a port, until its one attempt is over. Ends the
 * process, or the thread. Signals are the service's to hear: it ends its cells.
 */
export async function runCell(app: NestFastifyApplication, logger: Logger): Promise<never> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  await app.init();
  await app.get(CellDuty, { strict: false }).serve();
  try {
    await app.close();
  } catch (error) {
    logger.warn('An isolated attempt left something that does not close', { error });
  }
  return process.exit(0);
}
