import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AttemptQueries, TaskQueries } from '@millrace/store';
import { TaskControl } from '@millrace/tasks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../actor-of';
import { EmptyBodyPipe } from '../empty-body.pipe';
import { DatabaseIdPipe, noSuchTask, TaskIdPipe } from '../path-ids';
import { ApiProblems } from '../problem.view';
import { QueryPipe } from '../query-fields';
import { AttemptsView } from './list.views';
import { instantView, taskView, TaskView } from './task.view';

const NO_QUERY = new QueryPipe({});

/** Reads, retries and cancels one task. */
@ApiTags('tasks')
@Controller('api/v1/tasks')
export class TaskController {
  constructor(
    private readonly queries: TaskQueries,
    private readonly attempts: AttemptQueries,
    private readonly control: TaskControl,
  ) {}

  @Get(':id')
  @ApiOperation({ summary: 'Show a task by its database id' })
  @ApiParam({ name: 'id', schema: { type: 'integer' }, description: 'Database id.' })
  @ApiOkResponse({ type: TaskView, description: 'The task.' })
  @ApiProblems(404)
  async getTask(@Param('id', new DatabaseIdPipe()) id: number, @Query(NO_QUERY) _query: object): Promise<TaskView> {
    const row = await this.queries.findById(id);
    if (!row) throw noSuchTask(id);
    return taskView(row);
  }

  @Get('task/:taskId')
  @ApiOperation({ summary: 'Show a task by its task_id' })
  @ApiParam({ name: 'taskId', schema: { type: 'string' }, description: 'Public id.' })
  @ApiOkResponse({ type: TaskView, description: 'The task.' })
  @ApiProblems(404)
  async getTaskByTaskId(
    @Param('taskId', new TaskIdPipe()) taskId: string,
    @Query(NO_QUERY) _query: object,
  ): Promise<TaskView> {
    const row = await this.queries.findByTaskId(taskId);
    if (!row) throw noSuchTask(taskId);
    return taskView(row);
  }

  @Get('task/:taskId/attempts')
  @ApiOperation({ summary: 'Show the attempts of a task' })
  @ApiParam({ name: 'taskId', schema: { type: 'string' }, description: 'Public id.' })
  @ApiOkResponse({ type: AttemptsView, description: 'Every attempt, the running one last.' })
  @ApiProblems(404)
  async listAttempts(
    @Param('taskId', new TaskIdPipe()) taskId: string,
    @Query(NO_QUERY) _query: object,
  ): Promise<AttemptsView> {
    const attempts = await this.attempts.ofTask(taskId);
    if (attempts.length === 0 && !(await this.queries.findByTaskId(taskId))) throw noSuchTask(taskId);
    const items = attempts.map((attempt) => ({
      attempt: attempt.attempt,
      outcome: attempt.outcome,
      worker_id: attempt.workerId,
      started_at: instantView(attempt.startedAt),
      finished_at: instantView(attempt.finishedAt),
      error_message: attempt.errorMessage,
      error_code: attempt.errorCode,
    }));
    return { items, total: items.length };
  }

  @Post('task/:taskId/retry')
  @ApiOperation({ summary: 'Run a failed or cancelled task again' })
  @HttpCode(200)
  @ApiParam({ name: 'taskId', schema: { type: 'string' }, description: 'Public id.' })
  @ApiOkResponse({ type: TaskView, description: 'The same task, pending again with all its retries.' })
  @ApiProblems(404, 409, 413, 415)
  async retryTask(
    @Param('taskId', new TaskIdPipe()) taskId: string,
    @Query(NO_QUERY) _query: object,
    @Body(new EmptyBodyPipe()) _body: undefined,
    @Req() request: FastifyRequest,
  ): Promise<TaskView> {
    return taskView(await this.control.retry(taskId, actorOf(request)));
  }

  @Post('task/:taskId/cancel')
  @ApiOperation({ summary: 'Cancel a task' })
  @HttpCode(200)
  @ApiParam({ name: 'taskId', schema: { type: 'string' }, description: 'Public id.' })
  @ApiOkResponse({ type: TaskView, description: 'The task is cancelled, now or since an earlier call.' })
  @ApiAcceptedResponse({ type: TaskView, description: 'It is running; its handler is told to stop.' })
  @ApiProblems(404, 409, 413, 415)
  async cancelTask(
    @Param('taskId', new TaskIdPipe()) taskId: string,
    @Query(NO_QUERY) _query: object,
    @Body(new EmptyBodyPipe()) _body: undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TaskView> {
    const { row, state } = await this.control.cancel(taskId, actorOf(request));
    if (state === 'requested') void reply.code(202);
    return taskView(row);
  }
}
