import type { FieldError } from './invalid-task';
import { PAYLOAD_LIMITS } from './limits';

/** More faults than this are not listed: a payload of nothing but faults must not answer megabytes. */
const LISTED_FAULTS = 10;

/** Whether text holds a NUL or a lone surrogate, which no text or JSON column can hold. */
export function isUnstorable(text: string): boolean {
  return text.includes('\0') || !text.isWellFormed();
}

/**
 * JSON text, as `JSON.stringify` writes it, with U+FFFD in place of NUL and lone surrogates: for what leaves a handler.
 *
 * It works on the text because `JSON.stringify` writes those two, and only those of their kind, as escapes. Every escape is
 * matched, so that the second half of an escaped backslash is not taken for the start of one.
 */
export function mendJson(json: string): string {
  if (!json.includes('\\u')) return json;
  return json.replace(/\\(?:u[0-9a-f]{4}|.)/g, (escape) => (/^\\u(?:0000|d[89a-f])/.test(escape) ? '\ufffd' : escape));
}

/**
 * The payload rules: plain JSON values, at most `PAYLOAD_LIMITS.depth` levels deep, without NUL and lone surrogates.
 * Every fault names its place, such as `payload.items[3].name`; at most ten are listed. A property that is
 * `undefined` counts as absent, as it does for `JSON.stringify`.
 */
export function checkPayload(value: unknown, field = 'payload'): FieldError[] {
  const faults: FieldError[] = [];
  walk(value, undefined, 1, faults);
  // Places are written only for those who have to read them: they are a third of the work, and nearly no payload has a fault.
  if (faults.length > 0) {
    faults.length = 0;
    walk(value, field, 1, faults);
  }
  return faults;
}

/** Fault of a payload whose JSON text is larger than `maxBytes` (`TASK_MAX_PAYLOAD`). */
export function checkPayloadSize(
  json: string,
  maxBytes: number = PAYLOAD_LIMITS.bytes,
  field = 'payload',
): FieldError[] {
  // A UTF-16 unit is at most three bytes: most payloads need no second look.
  if (json.length * 3 <= maxBytes) return [];
  const bytes = new TextEncoder().encode(json).length;
  return bytes > maxBytes ? [{ field, message: `must be at most ${maxBytes} bytes of JSON; got ${bytes}` }] : [];
}

function walk(value: unknown, path: string | undefined, depth: number, faults: FieldError[]): void {
  if (faults.length >= LISTED_FAULTS) return;
  const fault = (message: string) => faults.push({ field: path ?? '', message });
  if (typeof value === 'string') {
    if (isUnstorable(value)) fault('must not contain NUL or lone surrogates');
    return;
  }
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) fault('must be a finite number');
    return;
  }
  if (typeof value !== 'object') {
    fault(`must be a JSON value; got ${typeof value}`);
    return;
  }
  // The depth bound also ends the walk of a value that contains itself.
  if (depth > PAYLOAD_LIMITS.depth) {
    fault(`must be at most ${PAYLOAD_LIMITS.depth} levels deep`);
    return;
  }
  if (Array.isArray(value)) {
    value.forEach((item, index) => walk(item, path === undefined ? path : `${path}[${index}]`, depth + 1, faults));
    return;
  }
  if (!isPlainObject(value)) {
    fault('must be a plain JSON value, not an instance of a class');
    return;
  }
  for (const key of Object.keys(value)) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (isUnstorable(key)) {
      fault('must not have a key with NUL or lone surrogates');
    } else if (item !== undefined) {
      walk(item, path === undefined ? path : `${path}.${key}`, depth + 1, faults);
    }
  }
}

function isPlainObject(value: object): boolean {
  if ('toJSON' in value && typeof value.toJSON === 'function') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
