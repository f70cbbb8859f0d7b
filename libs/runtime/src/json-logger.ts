import { isMainThread } from 'node:worker_threads';
import { mendJson } from '@millrace/contracts';
import type { LoggerService } from '@nestjs/common';
import { pino, stdTimeFunctions, type DestinationStream, type Level, type Logger as Pino } from 'pino';

/** Contexts of Nest itself; what they say at start-up interests only whoever debugs it. */
const FRAMEWORK = new Set(['InstanceLoader', 'NestFactory', 'NestApplication', 'RouterExplorer', 'RoutesResolver']);

const STDOUT_FD = 1;

/** Causes of an error are followed this deep. */
const CAUSE_DEPTH = 4;

export interface JsonLoggerOptions {
  readonly service: string;
  readonly level: string;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/**
 * Writes one JSON object a line, and stands behind Nest's `Logger`: `logger.warn('Queue is unreachable', { queue, error })`.
 *
 * - The message is constant; what varies goes into the fields. An `Error` may stand alone in place of the fields, and
 *   the fields may come first.
 * - Of an error only type, message, code, stack and causes are written: what else hangs on it (the parameters of a
 *   failed statement) may be a payload.
 */
export class JsonLogger implements LoggerService {
  private readonly pino: Pino;

  constructor({ service, level, destination }: JsonLoggerOptions) {
    const settings = {
      level,
      base: { service, pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      // What collects the lines may be able to hold NUL and lone surrogates no more than the record is.
      hooks: { streamWrite: mendJson },
      formatters: { level: (label: string) => ({ level: label }) },
    };
    const written = destination ?? (isMainThread ? undefined : threadOutput());
    this.pino = written ? pino(settings, written) : pino(settings);
  }

  log(message: unknown, ...params: unknown[]): void {
    this.write('info', message, params);
  }

  error(message: unknown, ...params: unknown[]): void {
    this.write('error', message, params);
  }

  warn(message: unknown, ...params: unknown[]): void {
    this.write('warn', message, params);
  }

  debug(message: unknown, ...params: unknown[]): void {
    this.write('debug', message, params);
  }

  verbose(message: unknown, ...params: unknown[]): void {
    this.write('trace', message, params);
  }

  fatal(message: unknown, ...params: unknown[]): void {
    this.write('fatal', message, params);
  }

  /** Nest appends the context as the last parameter. */
  private write(level: Level, message: unknown, params: readonly unknown[]): void {
    const last = params.at(-1);
    const context = params.length > 0 && typeof last === 'string' ? last : undefined;
    const actual = level === 'info' && context !== undefined && FRAMEWORK.has(context) ? 'debug' : level;
    if (!this.pino.isLevelEnabled(actual)) return;

    const fields: Record<string, unknown> = context === undefined ? {} : { context };
    const texts: string[] = [];
    for (const part of [message, ...(context === undefined ? params : params.slice(0, -1))]) {
      if (typeof part === 'string') texts.push(part);
      else addFields(fields, part);
    }
    // Nest gives the stack of an error as a second text.
    const [text = 'Error', stack] = texts;
    this.pino[actual](stack === undefined ? fields : { ...fields, stack }, text);
  }
}

/**
 * The stream that Node gives a thread for its output is emptied by the main thread, and lost with what it still holds when
 * the thread ends. A thread therefore writes to the file descriptor itself.
 */
function threadOutput(): DestinationStream {
  return pino.destination({ dest: STDOUT_FD, sync: true });
}

function addFields(fields: Record<string, unknown>, part: unknown): void {
  if (part instanceof Error) {
    fields.error = describeError(part);
  } else if (typeof part === 'object' && part !== null) {
    for (const [key, value] of Object.entries(part))
      fields[key] = value instanceof Error ? describeError(value) : value;
  }
}

function describeError(error: Error, depth = CAUSE_DEPTH): Record<string, unknown> {
  return {
    type: error.name,
    message: error.message,
    ...('code' in error ? { code: error.code } : {}),
    stack: error.stack,
    ...(error.cause instanceof Error && depth > 0 ? { cause: describeError(error.cause, depth - 1) } : {}),
  };
}
