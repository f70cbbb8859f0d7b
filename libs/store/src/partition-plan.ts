import type { FinalStatus } from '@millrace/contracts';

/** How long tasks of each final status are kept, in milliseconds. */
export interface Retention {
  readonly successMs: number;
  readonly failedMs: number;
  readonly cancelledMs: number;
}

/** Tasks that ended in this span of time: `from` included, `to` not. */
export interface Span {
  readonly from: Date;
  readonly to: Date;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** 30 days, 90 days, 30 days. */
export const DEFAULT_RETENTION: Retention = { successMs: 30 * DAY_MS, failedMs: 90 * DAY_MS, cancelledMs: 30 * DAY_MS };

/** Partitions are made this far ahead, so that a scheduler may be away for a while. */
const MIN_AHEAD_MS = 3 * DAY_MS;
/** One run makes at most this many for a status. */
const MAX_NEW = 100;

/**
 * A tenth of the retention, in whole hours, at most a week: about a dozen partitions for each status, so that a drop
 * comes late by a tenth at most and a read plans few tables.
 */
export function partitionWidthMs(retentionMs: number): number {
  const tenth = Math.ceil(retentionMs / 10 / HOUR_MS) * HOUR_MS;
  return Math.min(Math.max(tenth, HOUR_MS), 7 * DAY_MS);
}

export function retentionOf(retention: Retention, status: FinalStatus): number {
  return { success: retention.successMs, failed: retention.failedMs, cancelled: retention.cancelledMs }[status];
}

/** The partitions that are missing until far enough ahead of `now`, given those that are there. They never overlap. */
export function missingSpans(existing: readonly Span[], widthMs: number, now: Date): Span[] {
  const aheadMs = now.getTime() + Math.max(2 * widthMs, Math.min(MIN_AHEAD_MS, 24 * widthMs));
  const lastEndMs = Math.max(...existing.map(({ to }) => to.getTime()), Math.floor(now.getTime() / widthMs) * widthMs);
  const spans: Span[] = [];
  for (let fromMs = lastEndMs; fromMs < aheadMs && spans.length < MAX_NEW; fromMs += widthMs) {
    spans.push({ from: new Date(fromMs), to: new Date(fromMs + widthMs) });
  }
  return spans;
}

/**
 * Whether waiting until the whole partition is past its time would keep tasks much longer than asked: a fifth. It is so
 * when the retention was shortened, or is shorter than the narrowest partition.
 */
export function isTooWide(span: Span, cutoff: Date, retentionMs: number): boolean {
  return span.to.getTime() - cutoff.getTime() > retentionMs / 5;
}

/** `tasks_success_20261124t06`: the start in UTC, to the hour. */
export function partitionName(status: FinalStatus, { from }: Span): string {
  const hour = from.toISOString().slice(0, 13).replaceAll('-', '').toLowerCase();
  return `tasks_${status}_${hour}`;
}

/** Bounds as the catalogue writes them, in UTC: `FOR VALUES FROM ('2026-11-24 00:00:00+00') TO (…)`. */
export function parseSpan(bound: string): Span | null {
  const match = /FROM \('([^']+)'\) TO \('([^']+)'\)/.exec(bound);
  const [from, to] = [match?.[1], match?.[2]].map(
    (text) => new Date((text ?? '').replace(' ', 'T').replace(/\+00$/, 'Z')),
  );
  if (!from || !to || Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) return null;
  return { from, to };
}
