/** A server may not keep a task waiting for longer than this, in milliseconds. */
const LONGEST_MS = 86_400_000;

/** Milliseconds that a `Retry-After` header asks for, in seconds or as a date; null when it is absent or unreadable. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), LONGEST_MS);
}
