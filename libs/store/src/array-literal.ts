/** What an array of a statement may hold. */
export type ArrayItem = string | number | Date | null;

const TO_ESCAPE = /["\\]/;

/** The text of one value, as the driver sends it. */
export function arrayText(value: ArrayItem): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : value.toISOString();
}

/**
 * The text of a PostgreSQL array with one value for each item; null when every value is null. The driver would make the same of a
 * list, but looks at each value several times.
 */
export function arrayLiteral<T>(items: readonly T[], valueOf: (item: T) => ArrayItem): string | null {
  let isEmpty = true;
  const values = items.map((item) => {
    const value = valueOf(item);
    const text = arrayText(value);
    if (text === null) return 'NULL';
    isEmpty = false;
    return typeof value === 'number' ? text : quoted(text);
  });
  return isEmpty ? null : `{${values.join(',')}}`;
}

function quoted(text: string): string {
  return `"${TO_ESCAPE.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}
