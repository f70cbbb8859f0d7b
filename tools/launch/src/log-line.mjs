// @ts-check

const WARNING = 40;
const LEVEL_NAMES = new Map([
  [40, 'WARN'],
  [50, 'ERROR'],
  [60, 'FATAL'],
]);
/** These belong to every line, and say nothing on a terminal. */
const EVERYDAY_FIELDS = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'service', 'name']);

/**
 * What of a service's log line is worth the terminal: warnings, errors, and what was not logged but printed (a stack
 * trace, mostly).
 *
 * @param {string} line
 * @returns {string | undefined} undefined when the line may stay in the file
 */
export function worthShowing(line) {
  if (line.trim() === '') return undefined;
  const entry = parse(line);
  if (!entry) return line;
  const level = typeof entry.level === 'number' ? entry.level : levelNumber(String(entry.level));
  if (level < WARNING) return undefined;
  const fields = Object.entries(entry)
    .filter(([name]) => !EVERYDAY_FIELDS.has(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [LEVEL_NAMES.get(level) ?? 'ERROR', entry.msg, ...fields].join(' ');
}

/**
 * @param {string} line
 * @returns {Record<string, unknown> | undefined}
 */
function parse(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} name */
function levelNumber(name) {
  for (const [level, known] of LEVEL_NAMES) if (name.toUpperCase().startsWith(known)) return level;
  return 0;
}
