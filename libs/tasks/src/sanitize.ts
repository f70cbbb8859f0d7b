import { ERROR_MESSAGE_LIMIT, mendJson, PAYLOAD_LIMITS } from '@millrace/contracts';

const REPLACEMENT = '\ufffd';

/** Nested deeper than this, PostgreSQL's JSON parser would run out of stack. */
const RESULT_DEPTH = 512;

/** Characters of a cut result that are kept: quoted and in UTF-8 they stay below the limit. */
const KEPT_CHARACTERS = 256 * 1024;

/**
 * JSON text of a handler's result, fit for the record whatever the handler returned; null for `undefined` and `null`.
 *
 * - NUL and lone surrogates become U+FFFD, a bigint its digits; functions are left out, as in `JSON.stringify`.
 * - More than 1 MiB is cut: `{"truncated": true, "bytes": <its size>, "start": "<its first characters>"}`.
 * - What JSON cannot hold (a cycle, a getter that throws, absurd depth) becomes `{"unrecordable": "<why>"}`: the task
 *   succeeded, so its result must not fail it.
 */
export function sanitizeForRecord(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const json = stringify(value);
  if (json === undefined) return null;
  if (depthOf(json) > RESULT_DEPTH) return unrecordable(`nested deeper than ${RESULT_DEPTH} levels`);

  const clean = mendJson(json);
  const bytes = Buffer.byteLength(clean);
  if (bytes <= PAYLOAD_LIMITS.resultBytes) return clean;
  return JSON.stringify({ truncated: true, bytes, start: sanitizeText(clean, KEPT_CHARACTERS) });
}

/** Text fit for the record: NUL and lone surrogates become U+FFFD; longer than `limit` characters it is cut and says so. */
export function sanitizeText(text: string, limit = ERROR_MESSAGE_LIMIT): string {
  const kept = text.length > limit ? `${text.slice(0, limit)}… (cut, ${text.length} characters)` : text;
  return kept.replace(/\0|\p{Surrogate}/gu, REPLACEMENT);
}

function stringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? item.toString() : item));
  } catch (error) {
    return unrecordable(error instanceof Error ? error.message : 'it cannot be written as JSON');
  }
}

const unrecordable = (why: string) => JSON.stringify({ unrecordable: sanitizeText(why) });

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < json.length; index += 1) {
    const char = json[index];
    if (quoted) {
      if (char === '\\') index += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') {
      quoted = true;
    } else if (char === '{' || char === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (char === '}' || char === ']') {
      depth -= 1;
    }
  }
  return deepest;
}
