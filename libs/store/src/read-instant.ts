import { types } from 'pg';

const TIMESTAMPTZ = 1184;

/** How the server writes an instant of four-digit years in UTC, the time zone of every connection here. */
const PLAIN = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00$/;

/** The driver's own way to read a `timestamptz`: a `Date`, or a number for an infinity. */
export const readAnyInstant = types.getTypeParser(TIMESTAMPTZ) as (text: string) => Date | number;

let lastText = '';
let lastMs = 0;

/**
 * Reads a `timestamptz`. The driver's own way takes four times as long, and every started task has three of them. The rows
 * of one statement mostly have the same ones, which are read once.
 */
export function readInstant(text: string): Date | number {
  if (text === lastText) return new Date(lastMs);
  if (!PLAIN.test(text)) return readAnyInstant(text);
  const instant = new Date(`${text.slice(0, 10)}T${text.slice(11, -3)}Z`);
  lastText = text;
  lastMs = instant.getTime();
  return instant;
}

/** The driver's parsers, but for instants. */
export const TYPE_PARSERS = {
  getTypeParser: (oid: number, format: 'text' | 'binary' = 'text'): unknown =>
    oid === TIMESTAMPTZ && format === 'text' ? readInstant : types.getTypeParser(oid, format),
};
