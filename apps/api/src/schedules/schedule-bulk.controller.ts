import { Body, Controller, HttpCode, Post, Query, Req } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { ScheduleRepository, type ScheduleFilter } from '@millrace/store';
import { MAX_BULK_SCHEDULES, ScheduleControl, type ResumedMany } from '@millrace/tasks';
import type { FastifyRequest } from 'fastify';
import { actorOf } from '../actor-of';
import { ApiProblems } from '../problem.view';
import { QueryPipe } from '../query-fields';
import { BulkBody, readBulk } from './control-bodies';
import { BulkAnswerView } from './slot.views';

const NO_QUERY = new QueryPipe({});
const LISTED = 100;

/** Pauses and resumes many schedules. */
@ApiTags('schedules')
@Controller('api/v1/schedules')
export class ScheduleBulkController {
  constructor(
    private readonly control: ScheduleControl,
    private readonly schedules: ScheduleRepository,
  ) {}

  @Post('pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause the schedules of a filter', description: `At most ${MAX_BULK_SCHEDULES} a call.` })
  @ApiBody({ type: BulkBody })
  @ApiOkResponse({ type: BulkAnswerView, description: 'They are paused; those that were before keep their reason.' })
  @ApiProblems(413, 415)
  async pauseSchedules(
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<BulkAnswerView> {
    const { filter, reason, dryRun } = readBulk(body);
    const running = { ...filter, paused: false };
    if (dryRun) return this.preview(running);
    const changed = await this.control.pauseMany(filter, { reason, actor: actorOf(request) });
    return this.answer({ changed, refused: [] }, running);
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Resume the schedules of a filter', description: `At most ${MAX_BULK_SCHEDULES} a call.` })
  @ApiBody({ type: BulkBody })
  @ApiOkResponse({
    type: BulkAnswerView,
    description: 'They go on with their next slots; nothing is made up for. `refused` tells of those that stay paused.',
  })
  @ApiProblems(413, 415)
  async resumeSchedules(
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<BulkAnswerView> {
    const { filter, reason, dryRun } = readBulk(body);
    const paused = { ...filter, paused: true };
    if (dryRun) return this.preview(paused);
    const { resumed, refused } = await this.control.resumeMany(filter, { reason, actor: actorOf(request) });
    return this.answer({ changed: resumed, refused }, paused);
  }

  private async preview(filter: ScheduleFilter): Promise<BulkAnswerView> {
    const { total, items } = await this.schedules.list(filter, { pageSize: LISTED });
    return {
      total: Math.min(total, MAX_BULK_SCHEDULES),
      names: items.map(({ name }) => name),
      remaining: Math.max(0, total - MAX_BULK_SCHEDULES),
      refused: [],
    };
  }

  /** Those that were refused are not left for another call, which would refuse them again. */
  private async answer(
    { changed, refused }: { readonly changed: readonly string[]; readonly refused: ResumedMany['refused'] },
    left: ScheduleFilter,
  ): Promise<BulkAnswerView> {
    const { total } = await this.schedules.list(left, { pageSize: 1 });
    return {
      total: changed.length,
      names: changed.slice(0, LISTED),
      remaining: Math.max(0, total - refused.length),
      refused: refused.slice(0, LISTED).map(({ name, faults }) => ({ name, errors: faults })),
    };
  }
}
