import { Logger, type Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { environment, InvalidConfig, loadConfig } from './config';
import { createService, type ServiceParts } from './create-service';
import { helpText, nearMisses } from './describe-config';
import { Program } from './program';
import { runCell } from './run-cell';
import type { ServiceConfig } from './service.config';
import { Shutdown } from './shutdown';

/**
 * What a service may take beyond its `shutdownTimeoutMs` for the rest, in milliseconds: recording, saving, closing connections. Whoever
 * kills services that do not end must wait for both.
 */
export const CLOSING_MS = 30_000;

export interface ServiceOptions<C extends ServiceConfig> extends Omit<
  ServiceParts<C>,
  'Config' | 'config' | 'program'
> {
  readonly config: Type<C>;
  /** The config field that holds the port to listen on. */
  readonly port: keyof C;
  /** Default `CLOSING_MS`. */
  readonly closingMs?: number;
}

/**
 * Runs a service as this process: reads its configuration, listens, and ends on a signal with exit code 0.
 *
 * - SIGTERM or SIGINT: readiness turns false, Nest's shutdown hooks run (`beforeApplicationShutdown` finishes work while
 *   health still answers, `onApplicationShutdown` closes stores), then the process ends. A second signal hastens it.
 * - A bad configuration or a failed start is one clear message and exit code 1.
 * - `--help` prints the variables.
 * - Started by the service itself for an isolated attempt, it is a cell: see `Program`.
 */
export async function bootstrap<C extends ServiceConfig>(
  Root: Type<object>,
  options: ServiceOptions<C>,
): Promise<void> {
  const { service, config: Config, port, closingMs = CLOSING_MS } = options;
  const program = Program.started();
  if (program.role === 'service') answerArguments(service, Config);
  const config = readConfig(Config);
  const logger = new Logger('Bootstrap');

  let app: NestFastifyApplication;
  try {
    app = await createService(Root, { ...options, Config, config, program });
    logUnexpectedErrors(logger);
    if (program.role === 'cell') return await runCell(app, logger);
    for (const line of nearMisses(Config, environment())) logger.warn('A variable looks misspelt', { hint: line });
    const listening = app.listen({ host: config.host, port: config[port] as number });
    // A service works as soon as it starts, so a signal is heard from then on.
    stopOnSignal(app, listening, config.shutdownTimeoutMs + closingMs, logger);
    await listening;
  } catch (error) {
    logger.fatal('The service could not start', {
      reason: reasonOf(error),
      host: config.host,
      port: config[port],
      error,
    });
    process.exit(1);
  }
  logger.log('Listening', { url: await app.getUrl() });
}

function answerArguments(service: string, Config: Type<object>): void {
  const args = process.argv.slice(2);
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(helpText(service, Config));
    process.exit(0);
  }
  if (args.length > 0) {
    process.stderr.write(`Unknown argument ${JSON.stringify(args[0])}; --help shows the variables.\n`);
    process.exit(2);
  }
}

function readConfig<C extends ServiceConfig>(Config: Type<C>): Readonly<C> {
  try {
    return loadConfig(Config);
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

/** A promise nobody waited for is a bug to be seen, not a reason to drop running tasks; a thrown error is one. */
function logUnexpectedErrors(logger: Logger): void {
  process.on('unhandledRejection', (error) => logger.error('A rejection was not handled', { error }));
  process.on('uncaughtException', (error) => {
    logger.fatal('An error was not caught', { error });
    process.exit(1);
  });
}

function stopOnSignal(app: NestFastifyApplication, listening: Promise<unknown>, limitMs: number, logger: Logger): void {
  const shutdown = app.get(Shutdown);
  const onSignal = (signal: NodeJS.Signals) => {
    if (shutdown.draining.aborted) {
      logger.warn('Hastening the shutdown', { signal });
      shutdown.hasten();
      app.getHttpServer().closeAllConnections();
      return;
    }
    logger.log('Shutting down', { signal });
    shutdown.begin();
    void stop(app, listening, limitMs, logger);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

async function stop(
  app: NestFastifyApplication,
  listening: Promise<unknown>,
  limitMs: number,
  logger: Logger,
): Promise<void> {
  setTimeout(() => {
    logger.error('The shutdown took too long', { limitMs });
    process.exit(1);
  }, limitMs).unref();
  try {
    // What is half started cannot be closed.
    await listening;
    await app.close();
    logger.log('Stopped');
    process.exit(0);
  } catch (error) {
    logger.error('The shutdown failed', { error });
    process.exit(1);
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EADDRINUSE') return 'the address is taken by another process';
  return error.message;
}
