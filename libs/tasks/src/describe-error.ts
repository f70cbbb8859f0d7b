import { sanitizeText } from './sanitize';

/** Causes of a cause are followed this far. */
const MAX_CAUSES = 3;

/**
 * One line a person can use for whatever a handler threw, fit for the record. Never throws itself: a handler may throw
 * `undefined`, or an object whose getters throw.
 */
export function describeError(error: unknown): string {
  try {
    return sanitizeText(describe(error, MAX_CAUSES));
  } catch {
    return 'The handler threw something that cannot be described';
  }
}

function describe(error: unknown, causes: number): string {
  if (!(error instanceof Error)) return `The handler threw ${quote(error)}`;
  const message = error.name === 'Error' && error.message ? error.message : `${error.name}: ${error.message}`;
  if (error.cause === undefined || causes === 0) return message;
  const cause = error.cause instanceof Error ? describe(error.cause, causes - 1) : quote(error.cause);
  return `${message} (caused by ${cause})`;
}

/** Only primitives are shown: an object thrown as an error may carry anything, secrets included. */
function quote(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object that is no Error';
  return typeof value === 'symbol' || typeof value === 'function' ? `a ${typeof value}` : String(value);
}
