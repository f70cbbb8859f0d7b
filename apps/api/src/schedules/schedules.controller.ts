import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ZONE_DATA_VERSION } from '@millrace/schedules';
import { ScheduleRepository } from '@millrace/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../actor-of';
import { ApiProblems } from '../problem.view';
import { ApiQueryFields, QueryPipe, type QueryOf } from '../query-fields';
import { SchedulePageView } from './list.views';
import { PREVIEW_QUERY, previewOf } from './preview';
import { PreviewView } from './preview.views';
import { filterOf, filterView, LIST_QUERY, pageOf, type ListQuery } from './schedule-query';
import { CreateScheduleBody } from './schedule.body';
import { scheduleView, ScheduleView } from './schedule.view';
import { WriteSchedules } from './write-schedules';

const NO_QUERY = new QueryPipe({});

/** Lists and creates schedules, and previews what would become of one. */
@ApiTags('schedules')
@Controller('api/v1/schedules')
export class SchedulesController {
  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly writes: WriteSchedules,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List schedules' })
  @ApiQueryFields(LIST_QUERY)
  @ApiOkResponse({ type: SchedulePageView, description: 'A page of the schedules that match, by name.' })
  @ApiProblems()
  async listSchedules(@Query(new QueryPipe(LIST_QUERY)) query: ListQuery): Promise<SchedulePageView> {
    const page = pageOf(query);
    const filter = filterOf(query);
    const { items, total, nextCursor } = await this.schedules.list(filter, page);
    return {
      items: items.map(scheduleView),
      total,
      page: query.cursor === undefined ? page.page : null,
      page_size: page.pageSize,
      next_cursor: nextCursor,
      filter: filterView(filter),
    };
  }

  @Post()
  @ApiOperation({ summary: 'Create a schedule' })
  @ApiBody({ type: CreateScheduleBody })
  @ApiCreatedResponse({
    type: ScheduleView,
    description: 'The schedule.',
    headers: { Location: { description: 'Where it is.', schema: { type: 'string' } } },
  })
  @ApiProblems(409, 413, 415)
  async createSchedule(
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    const schedule = await this.writes.create(body, actorOf(request));
    void reply.header('Location', `/api/v1/schedules/${schedule.name}`);
    return scheduleView(schedule);
  }

  @Get('preview')
  @ApiOperation({ summary: 'Show the next moments of an expression without saving it' })
  @ApiQueryFields(PREVIEW_QUERY)
  @ApiOkResponse({ type: PreviewView, description: 'The moments; fewer when there are no more.' })
  @ApiProblems()
  previewSchedule(@Query(new QueryPipe(PREVIEW_QUERY)) query: QueryOf<typeof PREVIEW_QUERY>): PreviewView {
    const { moments, zone } = previewOf(query);
    return { items: moments, timezone: zone.name, zone_data: ZONE_DATA_VERSION };
  }
}
