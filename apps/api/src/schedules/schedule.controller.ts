import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Put, Query, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  PartialType,
} from '@nestjs/swagger';
import { ScheduleRepository } from '@millrace/store';
import { ScheduleNotFound } from '@millrace/tasks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../actor-of';
import { ApiProblems } from '../problem.view';
import { ApiQueryFields, integer, QueryPipe, type QueryOf } from '../query-fields';
import { ApiScheduleName, ScheduleNamePipe } from './schedule-name';
import { ScheduleBody } from './schedule.body';
import { scheduleView, ScheduleView } from './schedule.view';
import { WriteSchedules } from './write-schedules';

const NO_QUERY = new QueryPipe({});
const DELETE_QUERY = {
  version: integer('The version that is meant; another one answers 409.', { min: 1, max: 2 ** 31 - 1 }),
};

class PatchScheduleBody extends PartialType(ScheduleBody) {}

/** Reads and writes one schedule. */
@ApiTags('schedules')
@Controller('api/v1/schedules/:name')
export class ScheduleController {
  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly writes: WriteSchedules,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Show a schedule' })
  @ApiScheduleName()
  @ApiOkResponse({ type: ScheduleView, description: 'The schedule.' })
  @ApiProblems(404)
  async getSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
  ): Promise<ScheduleView> {
    const schedule = await this.schedules.findByName(name);
    if (!schedule) throw new ScheduleNotFound(name);
    return scheduleView(schedule);
  }

  /** What the body leaves out goes back to its default; `paused` stays as it is. */
  @Put()
  @ApiOperation({ summary: 'Create or replace a schedule' })
  @ApiScheduleName()
  @ApiBody({ type: ScheduleBody })
  @ApiOkResponse({ type: ScheduleView, description: 'It was replaced, or was equal to the body already.' })
  @ApiCreatedResponse({ type: ScheduleView, description: 'It is new.' })
  @ApiProblems(404, 409, 413, 415)
  async putSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleView> {
    const { created, schedule } = await this.writes.replace(name, body, actorOf(request));
    if (created) void reply.code(201).header('Location', `/api/v1/schedules/${name}`);
    return scheduleView(schedule);
  }

  @Patch()
  @ApiOperation({
    summary: 'Change some fields of a schedule',
    description: '`null` takes a field away. One of `cron`, `every` and `at` takes the place of another.',
  })
  @ApiScheduleName()
  @ApiBody({ type: PatchScheduleBody })
  @ApiOkResponse({ type: ScheduleView, description: 'The schedule as it is now.' })
  @ApiProblems(404, 409, 413, 415)
  async patchSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(NO_QUERY) _query: object,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<ScheduleView> {
    return scheduleView(await this.writes.patch(name, body, actorOf(request)));
  }

  /** Its tasks stay, and so do its versions. */
  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a schedule' })
  @ApiScheduleName()
  @ApiQueryFields(DELETE_QUERY)
  @ApiNoContentResponse({ description: 'It is gone; its tasks and versions stay.' })
  @ApiProblems(404, 409)
  async deleteSchedule(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(new QueryPipe(DELETE_QUERY)) { version }: QueryOf<typeof DELETE_QUERY>,
    @Req() request: FastifyRequest,
  ): Promise<void> {
    await this.writes.remove(name, version, actorOf(request));
  }
}
