import { Body, Controller, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiCreatedResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { ScheduleControl, specOf, ScheduleNotFound } from '@millrace/tasks';
import { ScheduleRepository } from '@millrace/store';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../actor-of';
import { EmptyBodyPipe } from '../empty-body.pipe';
import { ApiProblems } from '../problem.view';
import { QueryPipe } from '../query-fields';
import { BackfillBody, readBackfill, readWhy, ReasonBody } from './control-bodies';
import { momentView } from './preview';
import { ApiScheduleName, ScheduleNamePipe } from './schedule-name';
import { scheduleView, ScheduleView } from './schedule.view';
import { BackfillPreviewView, slotView, SlotsView, SlotView } from './slot.views';

const NO_QUERY = new QueryPipe({});

/** Pauses, resumes and runs one schedule. */
@ApiTags('schedules')
@Controller('api/v1/schedules/:name')
export class ScheduleControlController {
  constructor(
    private readonly control: ScheduleControl,
    private readonly schedules: ScheduleRepository,
  ) {}

  /** One that is paused already keeps its reason. */
  @Post('pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause a schedule' })
  @ApiScheduleName()
  @ApiBody({ type: ReasonBody, required: false })
  @ApiOkResponse({ type: ScheduleView, description: 'It is paused, now or since an earlier call.' })
  @ApiProblems(404, 413, 415)
  async pauseSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<ScheduleView> {
    return scheduleView(await this.control.pause(name, { ...readWhy(body), actor: actorOf(request) }));
  }

  @Post('resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Resume a schedule' })
  @ApiScheduleName()
  @ApiBody({ type: ReasonBody, required: false })
  @ApiOkResponse({ type: ScheduleView, description: 'It goes on with its next slot; what passed is not made up for.' })
  @ApiProblems(404, 413, 415)
  async resumeSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<ScheduleView> {
    return scheduleView(await this.control.resume(name, { ...readWhy(body), actor: actorOf(request) }));
  }

  /** Paused or not; the overlap policy holds. */
  @Post('trigger')
  @HttpCode(200)
  @ApiOperation({ summary: 'Run a schedule now' })
  @ApiScheduleName()
  @ApiCreatedResponse({
    type: SlotView,
    description: 'Its task is recorded.',
    headers: { Location: { description: 'Where the task is.', schema: { type: 'string' } } },
  })
  @ApiAcceptedResponse({ type: SlotView, description: 'It waits, as `outcome` says.' })
  @ApiOkResponse({ type: SlotView, description: 'Nothing runs, as `outcome` and `reason` say.' })
  @ApiProblems(404, 409, 413, 415)
  async triggerSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
    @Body(new EmptyBodyPipe()) _body: undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SlotView> {
    const slot = await this.control.trigger(name, actorOf(request));
    if (slot.outcome === 'submitted') void reply.code(201).header('Location', `/api/v1/tasks/task/${slot.taskId}`);
    if (slot.outcome === 'waiting') void reply.code(202);
    return slotView(slot);
  }

  /** At most a thousand slots; those that were decided about before are left as they are. */
  @Post('backfill')
  @HttpCode(202)
  @ApiOperation({ summary: 'Submit the slots of a past range' })
  @ApiScheduleName()
  @ApiBody({ type: BackfillBody })
  @ApiAcceptedResponse({ type: SlotsView, description: 'They are recorded; where tasks must not overlap they wait.' })
  @ApiOkResponse({ type: BackfillPreviewView, description: 'The slots that would be submitted, for a `dry_run`.' })
  @ApiProblems(404, 413, 415)
  async backfillSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SlotsView | BackfillPreviewView> {
    const { dryRun, ...range } = readBackfill(body);
    if (!dryRun) {
      const slots = await this.control.backfill({ name, ...range, actor: actorOf(request) });
      return { items: slots.map(slotView), total: slots.length };
    }
    const schedule = await this.schedules.findByName(name);
    if (!schedule) throw new ScheduleNotFound(name);
    const { zone } = specOf(schedule);
    const slots = await this.control.previewBackfill({ name, ...range });
    void reply.code(200);
    return { items: slots.map((at) => momentView(at, zone)), total: slots.length };
  }
}
