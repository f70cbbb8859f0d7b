import type { FieldError, Json } from '@millrace/contracts';
import type { TimeZone } from './time-zone';

/** The slot that a payload is made for. */
export interface SlotFacts {
  readonly scheduleName: string;
  readonly slotAt: Date;
  readonly zone: TimeZone;
}

/** What a payload may name, as `{{slot.at}}`. */
const FACTS: Readonly<Record<string, (facts: SlotFacts) => string | number>> = {
  'slot.at': ({ slotAt }) => slotAt.toISOString(),
  'slot.ms': ({ slotAt }) => slotAt.getTime(),
  'slot.local': ({ slotAt, zone }) => localTime(slotAt, zone),
  'slot.date': ({ slotAt, zone }) => localTime(slotAt, zone).slice(0, 10),
  'slot.time': ({ slotAt, zone }) => localTime(slotAt, zone).slice(11, 19),
  'slot.timezone': ({ zone }) => zone.name,
  'schedule.name': ({ scheduleName }) => scheduleName,
};

/** Other braces are the handler's own, such as those of a mail template. */
const PLACE = /\{\{\s*((?:slot|schedule)\.[A-Za-z_.]*)\s*\}\}/g;

/** Faults of the places in a payload: names that no slot has. Fields are paths such as `payload.until[0]`. */
export function checkPayloadTemplate(payload: Json, field = 'payload'): FieldError[] {
  if (typeof payload === 'string') {
    const unknown = [...payload.matchAll(PLACE)].find(([, name = '']) => !(name in FACTS));
    const message = `must name one of ${Object.keys(FACTS).join(', ')} between braces; got ${unknown?.[1]}`;
    return unknown ? [{ field, message }] : [];
  }
  if (Array.isArray(payload)) {
    return payload.flatMap((item, index) => checkPayloadTemplate(item as Json, `${field}[${index}]`));
  }
  if (typeof payload !== 'object' || payload === null) return [];
  return Object.entries(payload).flatMap(([key, value]) => checkPayloadTemplate(value, `${field}.${key}`));
}

/**
 * The payload of one slot: every `{{slot.at}}` and its kind is replaced in all texts, keys excepted. A text that is nothing
 * but one place becomes the fact itself, so that `"{{slot.ms}}"` becomes a number.
 */
export function fillPayload(payload: Json, facts: SlotFacts): Json {
  if (typeof payload === 'string') return fillText(payload, facts);
  if (Array.isArray(payload)) return payload.map((item) => fillPayload(item as Json, facts));
  if (typeof payload !== 'object' || payload === null) return payload;
  return Object.fromEntries(Object.entries(payload).map(([key, value]) => [key, fillPayload(value, facts)]));
}

function fillText(text: string, facts: SlotFacts): string | number {
  const [whole] = text.matchAll(PLACE);
  if (whole?.[0] === text) return FACTS[whole[1] ?? '']?.(facts) ?? text;
  return text.replace(PLACE, (place, name: string) => String(FACTS[name]?.(facts) ?? place));
}

/** `2026-03-08T03:30:00.000-04:00`. */
export function localTime(at: Date, zone: TimeZone): string {
  const wallMs = zone.wallOf(at.getTime());
  const offsetMinutes = Math.trunc((wallMs - at.getTime()) / 60_000);
  const sign = offsetMinutes < 0 ? '-' : '+';
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const offset = `${sign}${two(Math.abs(offsetMinutes) / 60)}:${two(Math.abs(offsetMinutes) % 60)}`;
  return `${new Date(wallMs).toISOString().slice(0, -1)}${offset}`;
}
