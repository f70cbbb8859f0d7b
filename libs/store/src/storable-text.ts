const REPLACEMENT = '\uFFFD';

/** Every escape sequence of JSON text, whole surrogate pairs first, so that a half is only matched alone. */
const ESCAPES = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\./g;
const UNSTORABLE_ESCAPE = /^\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})$/;

/** Text that PostgreSQL can hold: NUL and lone surrogates become U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', REPLACEMENT);
}

/** JSON text that `jsonb` can hold. Numbers stay as they are written: it is never parsed here. */
export function storableJson(json: string): string {
  const text = json.includes('\\u')
    ? json.replace(ESCAPES, (escape) => (UNSTORABLE_ESCAPE.test(escape) ? '\\ufffd' : escape))
    : json;
  return storableText(text);
}

/** The text of a JSON object: plain fields, then fields whose values are JSON text already. */
export function jsonObject(fields: object, jsonFields: Readonly<Record<string, string | null>>): string {
  const plain = JSON.stringify(fields).slice(0, -1);
  const raw = Object.entries(jsonFields).map(([name, json]) => `"${name}":${json ?? 'null'}`);
  const comma = plain === '{' || raw.length === 0 ? '' : ',';
  return `${plain}${comma}${raw.join(',')}}`;
}
