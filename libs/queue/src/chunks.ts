/** Most entries, and most bytes of them, that one call of a script gets: it must not hold Redis up for long. */
const CHUNK_ENTRIES = 500;
const CHUNK_BYTES = 1024 * 1024;

/** Cuts a list into pieces of at most `size` items, by default 500. */
export function chunksOf<T>(items: readonly T[], size = CHUNK_ENTRIES): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}

/** Cuts a list into pieces of at most 500 items and about 1 MB of JSON; a larger item gets a piece of its own. */
export function chunksByBytes<T extends { readonly json: string }>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  let chunk: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = Buffer.byteLength(item.json);
    if (chunk.length > 0 && (chunk.length >= CHUNK_ENTRIES || bytes + size > CHUNK_BYTES)) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(item);
    bytes += size;
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** Cuts a flat reply of Redis into its records of `size` fields. */
export function groupsOf(fields: readonly string[], size: 2): [string, string][];
export function groupsOf(fields: readonly string[], size: 3): [string, string, string][];
export function groupsOf(fields: readonly string[], size: number): string[][] {
  return chunksOf(fields, size);
}
