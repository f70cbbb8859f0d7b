import { parseSpec, localTime, nextSlots, noteOfSlot, type SpecInput, type TimeZone } from '@millrace/schedules';
import { instant, integer, repeated, text, type QueryOf } from '../query-fields';
import type { MomentView } from './preview.views';

export const PREVIEW_QUERY = {
  cron: repeated(text('An expression; up to twenty, of which any may match.', 256)),
  every: text('In place of `cron`: whole seconds between slots.', 64),
  at: instant('In place of `cron`: once, at this instant.'),
  phase: text('Moves the slots of `every`.', 64),
  timezone: text('IANA name; default UTC.', 64),
  exclude: text('Days without slots, as in a schedule, with commas between.', 12_000),
  starts_at: instant('No moment before.'),
  ends_at: instant('No moment then or later.'),
  max_runs: integer('How often it would run from `from` on.', { min: 1, max: 2 ** 31 - 1 }),
  from: instant('Moments after this one; default now.'),
  count: integer('How many; default 10.', { min: 1, max: 100 }),
};

/** The moments that a query asks for, and their zone. Throws `InvalidSchedule`. */
export function previewOf({
  from = new Date(),
  count = 10,
  max_runs: maxRuns = count,
  ...query
}: QueryOf<typeof PREVIEW_QUERY>) {
  const { zone, ...spec } = parseSpec(specInput(query));
  const moments = nextSlots({ zone, ...spec }, from, Math.min(count, maxRuns)).map((at) => momentView(at, zone));
  return { moments, zone };
}

/** A moment as REST shows it. */
export function momentView(at: Date, zone: TimeZone): MomentView {
  return { at: at.toISOString(), local: localTime(at, zone), note: noteOfSlot(at, zone) };
}

function specInput(query: QueryOf<typeof PREVIEW_QUERY>): SpecInput {
  const { cron, every, at, phase, timezone, exclude, starts_at: startsAt, ends_at: endsAt } = query;
  return {
    ...(cron !== undefined && { cron: cron.length === 1 ? cron[0] : cron }),
    ...(every !== undefined && { every }),
    ...(at !== undefined && { at }),
    ...(phase !== undefined && { phase }),
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
    ...(timezone !== undefined && { timezone }),
    ...(exclude !== undefined && { exclude: exclude.split(',').map((day) => day.trim()) }),
  };
}
