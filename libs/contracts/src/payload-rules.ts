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

/** `path` is undefined while nobody wants to know the places. */
function walk(value: unknown, path: string | undefined, depth: number, faults: FieldError[]): void {
  if (faults.length >= LISTED_FAULTS) return;
  const message = faultOf(value, depth);
  if (message !== null) {
    faults.push({ field: path ?? '', message });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    value.forEach((item, index) => walk(item, path && `${path}[${index}]`, depth + 1, faults));
    return;
  }
  for (const key of Object.keys(value)) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (isUnstorable(key)) {
      faults.push({ field: path ?? '', message: 'must not have a key with NUL or lone surrogates' });
    } else if (item !== undefined) {
      walk(item, path && `${path}.${key}`, depth + 1, faults);
    }
  }
}

/** What is wrong with a value itself, whatever it holds; null when nothing is. */
function faultOf(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return isUnstorable(value) ? 'must not contain NUL or lone surrogates' : null;
  if (value === null || typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'must be a finite number';
  if (typeof value !== 'object') return `must be a JSON value; got ${typeof value}`;
  // The depth bound also ends the walk of a value that contains itself.
  if (depth > PAYLOAD_LIMITS.depth) return `must be at most ${PAYLOAD_LIMITS.depth} levels deep`;
  return Array.isArray(value) || isPlainObject(value) ? null : 'must be a plain JSON value, not an instance of a class';
}

function isPlainObject(value: object): boolean {
  if ('toJSON' in value && typeof value.toJSON === 'function') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
