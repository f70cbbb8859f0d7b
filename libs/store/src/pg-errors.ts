import { QueryFailedError } from 'typeorm';
import { LockTimedOut, StoreUnavailable, UnstorableData } from './store-errors';

/** A role or password that the server does not take. */
const REFUSED_LOGIN = '28';

/** Lost a race between transactions; running the same transaction again is safe and usually succeeds. */
const CONFLICTS = new Set(['40P01', '40001']);

/**
 * Server states and limits that pass: shutdown and crash (57P..), a statement timeout (57014), an idle transaction that was
 * ended (25P03), a primary that became a standby (25006), rights that somebody has taken away (42501).
 */
const UNAVAILABLE = new Set(['57P01', '57P02', '57P03', '57P05', '57014', '25P03', '25006', '42501']);

/** Whole classes of them: no connection (08), login refused (28), no room on disk, in memory or for a client (53), I/O (58). */
const UNAVAILABLE_CLASSES = new Set(['08', REFUSED_LOGIN, '53', '58']);

const LOST_PLAN = new Set(['26000', '42P05', '0A000']);

const LOCK_TIMEOUT = '55P03';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  // No descriptor is left for a connection, in this process or on the machine.
  'EMFILE',
  'ENFILE',
]);

/** What the driver says without a code; a query runner is released from under its transaction when its connection is lost. */
const UNREACHABLE_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|not queryable|pool after calling end|DataSource is not connected|Query runner already released/i;

export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error));
}

/** Data exceptions (class 22) and broken CHECK rules: the statement's values are at fault, not the server. */
export function isBadData(error: unknown): boolean {
  const code = codeOf(error instanceof UnstorableData ? error.cause : error);
  return code.startsWith('22') || code === '23514' || code === '54001' || code === '54000';
}

/** The server does not take the role or its password; whoever starts should hear of it at once. */
export function isRefusedLogin(error: unknown): boolean {
  return codeOf(error).startsWith(REFUSED_LOGIN);
}

/** A table that another process dropped meanwhile. */
export function isMissingTable(error: unknown): boolean {
  return codeOf(error) === '42P01';
}

/**
 * A prepared statement that this connection has not, or has already, or whose tables have changed: behind a pooler that does not
 * follow such statements, or after a migration. The statement did nothing.
 */
export function isLostPlan(error: unknown): boolean {
  return LOST_PLAN.has(codeOf(error));
}

/**
 * The named error of this library that stands for a driver's error; others come back as the driver made them. Statements,
 * parameters and the server's detail ("Failing row contains…") are left behind: they hold payloads, and errors are logged.
 */
export function translated(error: unknown): unknown {
  if (error instanceof StoreUnavailable || error instanceof UnstorableData) return error;
  const bare = withoutData(driverErrorOf(error));
  if (codeOf(error) === LOCK_TIMEOUT) return new LockTimedOut(bare);
  if (isUnavailable(error)) return new StoreUnavailable(bare);
  if (isBadData(error)) return new UnstorableData(bare);
  return bare;
}

function withoutData(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) {
    for (const field of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(error, field);
  }
  return error;
}

function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  if (UNAVAILABLE.has(code) || UNREACHABLE.has(code) || UNAVAILABLE_CLASSES.has(code.slice(0, 2))) return true;
  const driverError = driverErrorOf(error);
  return driverError instanceof Error && UNREACHABLE_MESSAGE.test(driverError.message);
}

function codeOf(error: unknown): string {
  const driverError = driverErrorOf(error);
  if (typeof driverError !== 'object' || driverError === null || !('code' in driverError)) return '';
  return typeof driverError.code === 'string' ? driverError.code : '';
}

/** TypeORM wraps the driver's error, and adds the statement and its parameters. */
function driverErrorOf(error: unknown): unknown {
  return error instanceof QueryFailedError ? error.driverError : error;
}
