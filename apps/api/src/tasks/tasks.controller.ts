import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { QUEUE_PATTERN, TASK_ID_PATTERN, TASK_STATUSES, TYPE_PATTERN } from '@millrace/contracts';
import { invalidRequest } from '@millrace/runtime';
import { ScheduleRepository, TaskQueries, type TaskFilter } from '@millrace/store';
import { ApiProblems } from '../problem.view';
import { ApiQueryFields, instant, integer, matching, oneOf, QueryPipe, text, type QueryOf } from '../query-fields';
import { TaskPageView, TaskStatsView } from './list.views';
import { taskView } from './task.view';

/** Deep pages cost what all pages before them cost; beyond this a cursor takes over. */
const MAX_OFFSET = 10_000;

const COUNT_QUERY = {
  type: matching('Only tasks of this type.', TYPE_PATTERN),
  queue: matching('Only tasks of this queue.', QUEUE_PATTERN),
  user_id: text('Only tasks of this user.', 255),
};

const LIST_QUERY = {
  status: oneOf('Default `pending`.', [...TASK_STATUSES, 'all']),
  ...COUNT_QUERY,
  schedule: text('Only tasks that the schedule of this name submitted.', 128),
  created_from: instant('Only tasks created then or later.'),
  created_to: instant('Only tasks created before.'),
  q: matching(
    'Only tasks whose task_id begins so. When more than 2,000 do, they are in the order of their ids, the last one first.',
    TASK_ID_PATTERN,
  ),
  page: integer('From 1, the default; `page * page_size` is at most 10,000.', { min: 1, max: MAX_OFFSET }),
  page_size: integer('Default 20.', { min: 1, max: 200 }),
  cursor: text('`next_cursor` of the page before; in place of `page`.', 255),
  sort: oneOf('Newest first is the only order.', ['-id']),
};

type ListQuery = QueryOf<typeof LIST_QUERY>;

/** Reads tasks, many at a time. */
@ApiTags('tasks')
@Controller('api/v1/tasks')
export class TasksController {
  constructor(
    private readonly queries: TaskQueries,
    private readonly schedules: ScheduleRepository,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List tasks' })
  @ApiQueryFields(LIST_QUERY)
  @ApiOkResponse({ type: TaskPageView, description: 'A page of the tasks that match, newest first.' })
  @ApiProblems()
  async listTasks(@Query(new QueryPipe(LIST_QUERY)) query: ListQuery): Promise<TaskPageView> {
    const { page = 1, page_size: pageSize = 20, cursor } = query;
    refuseBadPaging(query, page, pageSize);

    const filter = await this.filterOf(query);
    const found = filter ? await this.queries.list(filter, { page, pageSize, cursor }) : EMPTY;
    return {
      items: found.items.map(taskView),
      total: found.total,
      total_relation: found.totalRelation,
      page: cursor === undefined ? page : null,
      page_size: pageSize,
      next_cursor: found.nextCursor,
      filter: filterView(query),
    };
  }

  @Get('stats')
  @ApiOperation({ summary: 'Count tasks by status' })
  @ApiQueryFields(COUNT_QUERY)
  @ApiOkResponse({ type: TaskStatsView, description: 'How many tasks have each status, exactly.' })
  @ApiProblems()
  async countTasks(@Query(new QueryPipe(COUNT_QUERY)) query: QueryOf<typeof COUNT_QUERY>): Promise<TaskStatsView> {
    const counts = await this.queries.countByStatus({ type: query.type, queue: query.queue, userId: query.user_id });
    return { ...counts, total: Object.values(counts).reduce((sum, count) => sum + count, 0) };
  }

  /** Null: the schedule it names does not exist, so nothing can match. */
  private async filterOf(query: ListQuery): Promise<TaskFilter | null> {
    const schedule = query.schedule === undefined ? undefined : await this.schedules.findByName(query.schedule);
    if (schedule === null) return null;
    return {
      status: query.status ?? 'pending',
      type: query.type,
      queue: query.queue,
      userId: query.user_id,
      scheduleId: schedule?.id,
      createdFrom: query.created_from,
      createdTo: query.created_to,
      q: query.q,
    };
  }
}

const EMPTY = { items: [], total: 0, totalRelation: 'exact', nextCursor: null } as const;

function refuseBadPaging(query: ListQuery, page: number, pageSize: number): void {
  if (query.cursor !== undefined && query.page !== undefined) {
    throw invalidRequest([{ field: 'cursor', message: 'must not be given together with page' }]);
  }
  if (page * pageSize > MAX_OFFSET) {
    throw invalidRequest([{ field: 'cursor', message: `must be used for pages beyond the first ${MAX_OFFSET} tasks` }]);
  }
}

function filterView(query: ListQuery): TaskPageView['filter'] {
  const { status = 'pending', created_from: from, created_to: to } = query;
  return {
    status,
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.queue === undefined ? {} : { queue: query.queue }),
    ...(query.user_id === undefined ? {} : { user_id: query.user_id }),
    ...(query.schedule === undefined ? {} : { schedule: query.schedule }),
    ...(from === undefined ? {} : { created_from: from.toISOString() }),
    ...(to === undefined ? {} : { created_to: to.toISOString() }),
    ...(query.q === undefined ? {} : { q: query.q }),
  };
}
