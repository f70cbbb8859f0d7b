import { QUEUE_PATTERN, TYPE_PATTERN } from '@millrace/contracts';
import { invalidRequest } from '@millrace/runtime';
import type { ScheduleFilter } from '@millrace/store';
import { flag, integer, matching, oneOf, text, type QueryOf } from '../query-fields';
import type { ScheduleFilterView } from './list.views';

/** Deep pages cost what all pages before them cost; beyond this a cursor takes over. */
const MAX_OFFSET = 10_000;

export const PAGE_SIZE = integer('Default 20.', { min: 1, max: 200 });

export const LIST_QUERY = {
  q: text('Only schedules whose name holds this.', 128),
  type: matching('Only schedules of this type.', TYPE_PATTERN),
  queue: matching('Only schedules that name this queue.', QUEUE_PATTERN),
  source: oneOf('`code`: declared by a service.', ['api', 'code']),
  paused: flag('Only paused ones, or only others.'),
  orphaned: flag('Only those that no service declares any more, or only others.'),
  page: integer('From 1, the default; `page * page_size` is at most 10,000.', { min: 1, max: MAX_OFFSET }),
  page_size: PAGE_SIZE,
  cursor: text('`next_cursor` of the page before; in place of `page`.', 255),
};

export type ListQuery = QueryOf<typeof LIST_QUERY>;

export function filterOf({ q, type, queue, source, paused, orphaned }: ListQuery): ScheduleFilter {
  return { q, type, queue, source, paused, orphaned };
}

/** The filter as REST shows it. */
export function filterView({ q, type, queue, source, paused, orphaned }: ScheduleFilter): ScheduleFilterView {
  return {
    ...(q === undefined ? {} : { q }),
    ...(type === undefined ? {} : { type }),
    ...(queue === undefined ? {} : { queue }),
    ...(source === undefined ? {} : { source }),
    ...(paused === undefined ? {} : { paused }),
    ...(orphaned === undefined ? {} : { orphaned }),
  };
}

/** Throws a 400 for a page that is too deep, or that is asked for in two ways. */
export function pageOf({ page, page_size: pageSize = 20, cursor }: ListQuery) {
  if (cursor !== undefined && page !== undefined) {
    throw invalidRequest([{ field: 'cursor', message: 'must not be given together with page' }]);
  }
  if ((page ?? 1) * pageSize > MAX_OFFSET) {
    const message = `must be used for pages beyond the first ${MAX_OFFSET} schedules`;
    throw invalidRequest([{ field: 'cursor', message }]);
  }
  return { page: page ?? 1, pageSize, cursor };
}
