/** Where a JSON text breaks a rule of ours, or of JSON. */
export interface JsonFault {
  /** Path from the root (`tasks[17].payload.x`); empty at the root or when the text is no JSON. */
  readonly field: string;
  readonly message: string;
}

interface Level {
  readonly kind: 'object' | 'array';
  readonly keys: Set<string>;
  key: string;
  index: number;
}

const WHITESPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Keys that make an object of JavaScript something else. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor']);

/**
 * Finds the first fault of a JSON text, reading it without recursion: bad syntax with its position, a key that stands twice
 * or is forbidden (unless keys are free), and a number that would change when read. It is slower than `JSON.parse` and only
 * asked when something is amiss. Undefined: nothing is.
 */
export function findJsonFault(text: string, keys: 'strict' | 'free' = 'strict'): JsonFault | undefined {
  const levels: Level[] = [];
  let at = 0;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const [token] = pattern.exec(text) ?? [];
    if (token !== undefined) at += token.length;
    return token;
  };
  const takeString = (): string | undefined => {
    const end = text[at] === '"' ? endOfString(text, at) : -1;
    if (end < 0) return undefined;
    try {
      const value = JSON.parse(text.slice(at, end)) as string;
      at = end;
      return value;
    } catch {
      return undefined;
    }
  };
  const takeChar = (char: string): boolean => {
    if (text[at] !== char) return false;
    at += 1;
    return true;
  };
  const syntaxFault = (): JsonFault => ({
    field: '',
    message: at >= text.length ? 'is not valid JSON: it ends too early' : `is not valid JSON at position ${at}`,
  });
  const readKey = (level: Level): JsonFault | undefined => {
    take(WHITESPACE);
    const key = takeString();
    if (key === undefined) return syntaxFault();
    level.key = key;
    const field = pathOf(levels);
    if (keys === 'strict') {
      if (FORBIDDEN_KEYS.has(level.key)) return { field, message: 'is a key that is not accepted' };
      if (level.keys.has(level.key)) return { field, message: 'stands twice' };
      level.keys.add(level.key);
    }
    take(WHITESPACE);
    return takeChar(':') ? undefined : syntaxFault();
  };

  for (;;) {
    take(WHITESPACE);
    if (takeChar('{')) {
      take(WHITESPACE);
      if (!takeChar('}')) {
        const level: Level = { kind: 'object', keys: new Set(), key: '', index: 0 };
        levels.push(level);
        const fault = readKey(level);
        if (fault) return fault;
        continue;
      }
    } else if (takeChar('[')) {
      take(WHITESPACE);
      if (!takeChar(']')) {
        levels.push({ kind: 'array', keys: new Set(), key: '', index: 0 });
        continue;
      }
    } else if (takeString() === undefined && take(WORD) === undefined) {
      const literal = take(NUMBER);
      if (literal === undefined) return syntaxFault();
      if (changesWhenRead(literal)) {
        return { field: pathOf(levels), message: 'is a number that JSON readers cannot hold; send it as a string' };
      }
    }

    // A value has ended: close what ends with it, then go on to the next value.
    for (;;) {
      take(WHITESPACE);
      const level = levels.at(-1);
      if (!level) return at === text.length ? undefined : syntaxFault();
      if (takeChar(',')) {
        level.index += 1;
        const fault = level.kind === 'object' ? readKey(level) : undefined;
        if (fault) return fault;
        break;
      }
      if (!takeChar(level.kind === 'object' ? '}' : ']')) return syntaxFault();
      levels.pop();
    }
  }
}

/** The index after the closing quote of the string that opens at `start`; -1 when it never closes. */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return -1;
}

/** `tasks[17].payload` from its parts. */
export function joinPath(parent: string, part: string | number): string {
  if (typeof part === 'number') return `${parent}[${part}]`;
  const name = /^[A-Za-z0-9_-]{1,64}$/.test(part) ? part : JSON.stringify(part.slice(0, 64));
  return parent ? `${parent}.${name}` : name;
}

function pathOf(levels: readonly Level[]): string {
  return levels.reduce((path, { kind, key, index }) => joinPath(path, kind === 'object' ? key : index), '');
}

/** An integer that a double rounds to another number, or anything beyond the range of a double. */
function changesWhenRead(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return true;
  return /^-?\d{16,}$/.test(literal) && String(value) !== literal && BigInt(literal) !== BigInt(value);
}
