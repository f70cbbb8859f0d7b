import { endOfString, findJsonFault, joinPath } from '@millrace/contracts';
import { invalidRequest } from './problem';

/** Deepest nesting of a body. A payload's own limit is lower and names the payload; this one keeps the walk bounded. */
const MAX_DEPTH = 64;

/** With the flag `u` a proper pair is one character and does not match. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

const BYTE_ORDER_MARK = '\ufeff';
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a JSON body and refuses what would be changed or lost on its way to the record: invalid UTF-8, NUL and lone
 * surrogates, numbers a double cannot hold, keys that stand twice, `__proto__` and `constructor`, endless nesting.
 *
 * Throws a 400 that names the field, and never repeats the content.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  if (text.trim() === '') throw refuse('', 'the body is empty; send JSON');
  const value = parse(text);
  const walk: Walk = { trail: [], keys: 0, suspectNumber: false };
  checkValue(value, walk);
  // JSON.parse keeps the last of two equal keys, so the text then holds more keys than the value.
  if (walk.suspectNumber || walk.keys !== countKeys(text)) {
    const fault = findJsonFault(text);
    if (fault) throw refuse(fault.field, fault.message);
  }
  return value;
}

/** Where the check of a value stands and what it has seen. */
interface Walk {
  readonly trail: (string | number)[];
  keys: number;
  /** An integer beyond 2^53: only the text tells whether reading has changed it. */
  suspectNumber: boolean;
}

/** Text of a body, without a byte order mark. Throws a 400 for bytes that are no UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  } catch {
    throw refuse('', 'the body is not valid UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    const fault = findJsonFault(text) ?? { field: '', message: 'is not valid JSON' };
    throw refuse(fault.field, fault.field ? fault.message : `the body ${fault.message}`);
  }
}

function checkValue(value: unknown, walk: Walk): void {
  if (typeof value === 'string') checkString(value, walk);
  else if (typeof value === 'number') walk.suspectNumber ||= !isExact(value);
  else if (typeof value === 'object' && value !== null) checkMembers(value, walk);
}

function checkMembers(value: object, walk: Walk): void {
  if (walk.trail.length >= MAX_DEPTH) throw refuse(pathOf(walk), `is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      walk.trail.push(index);
      checkValue(value[index], walk);
      walk.trail.pop();
    }
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    walk.trail.push(key);
    walk.keys += 1;
    checkString(key, walk);
    if (key === '__proto__' || key === 'constructor') throw refuse(pathOf(walk), 'is a key that is not accepted');
    checkValue(member, walk);
    walk.trail.pop();
  }
}

function checkString(text: string, walk: Walk): void {
  if (text.includes('\0')) throw refuse(pathOf(walk), 'holds a NUL character');
  if (LONE_SURROGATE.test(text)) throw refuse(pathOf(walk), 'holds half of a surrogate pair');
}

/** Whether reading cannot have changed the number: a safe integer, or a fraction, which is rounded by intent. */
function isExact(value: number): boolean {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}

/** How many keys stand in a valid JSON text: strings that a colon follows. */
function countKeys(text: string): number {
  let keys = 0;
  for (let start = text.indexOf('"'); start >= 0; start = text.indexOf('"', start)) {
    start = endOfString(text, start);
    let next = start;
    while (text[next] === ' ' || text[next] === '\n' || text[next] === '\r' || text[next] === '\t') next += 1;
    if (text[next] === ':') keys += 1;
  }
  return keys;
}

function pathOf({ trail }: Walk): string {
  return trail.reduce<string>(joinPath, '');
}

function refuse(field: string, message: string) {
  return invalidRequest([{ field, message }]);
}
