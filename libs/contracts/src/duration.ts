const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A span of time: integer milliseconds, or parts such as `500ms`, `90s`, `1h30m`, `2d`. */
export type Duration = number | string;

/** Thrown by `parseDuration`; the message says what is accepted. */
export class InvalidDuration extends Error {
  constructor(readonly input: unknown) {
    super(`must be a duration such as 500ms, 90s or 1h30m, or whole milliseconds; got ${JSON.stringify(input)}`);
    this.name = 'InvalidDuration';
  }
}

/**
 * Milliseconds of a duration. A plain number, or a string of digits, is milliseconds; parts go from large to small or
 * in any order and each unit (`ms s m h d`) at most once.
 * Throws `InvalidDuration` for anything else, negative and fractional numbers included.
 */
export function parseDuration(input: unknown): number {
  if (typeof input === 'number' && Number.isSafeInteger(input) && input >= 0) return input;
  if (typeof input !== 'string') throw new InvalidDuration(input);
  const text = input.trim();
  if (/^\d{1,15}$/.test(text)) return Number(text);
  if (!/^(?:\d{1,12}(?:ms|s|m|h|d))+$/.test(text)) throw new InvalidDuration(input);

  const seen = new Set<string>();
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    if (seen.has(unit)) throw new InvalidDuration(input);
    seen.add(unit);
    total += Number(amount) * (UNIT_MS[unit] ?? 0);
  }
  if (!Number.isSafeInteger(total)) throw new InvalidDuration(input);
  return total;
}

/** The shortest text `parseDuration` reads back as the same milliseconds: 5_400_000 is `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNIT_MS[unit] ?? 1;
    const amount = Math.floor(rest / size);
    if (amount > 0) text += `${amount}${unit}`;
    rest -= amount * size;
  }
  return text || '0ms';
}
