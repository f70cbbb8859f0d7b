import { Body, Controller, Headers, Post, Req, Res } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { BULK_LIMITS, type Json } from '@millrace/contracts';
import { BodyLimit } from '@millrace/runtime';
import type { EntityManager } from '@millrace/store';
import { TaskSubmitter, type SubmittedTask } from '@millrace/tasks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblems } from '../problem.view';
import { QueryPipe } from '../query-fields';
import { Idempotency, type KeptAnswer } from './idempotency';
import { BulkView } from './list.views';
import { readMany, readOne } from './submit-fields';
import { SubmitTaskBody, SubmitTasksBody } from './submit-task.body';
import { SubmittedTaskView, taskView } from './task.view';

/** Called by hand: as a pipe, and with the answers as objects, Nest and Fastify take 10 µs more for a submit. */
const NO_QUERY = new QueryPipe({});

const IDEMPOTENCY_HEADER = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes the call safe to repeat: for 24 h the same key gets the first answer, with `Idempotent-Replayed`.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} as const;

const ANSWER_HEADERS = {
  Location: { description: 'Where the task is.', schema: { type: 'string' } },
  'X-Dispatch': {
    description: '`deferred`: it is recorded, Redis is away, and it is dispatched once Redis is back.',
    schema: { type: 'string', enum: ['deferred'] },
  },
  'Idempotent-Replayed': {
    description: '`true`: the answer of an earlier call with this key.',
    schema: { type: 'string', enum: ['true'] },
  },
};

/** Takes tasks in. */
@ApiTags('tasks')
@Controller('api/v1/tasks')
export class SubmitController {
  constructor(
    private readonly submitter: TaskSubmitter,
    private readonly idempotency: Idempotency,
  ) {}

  /** 201: the task is recorded and will run; it has not run yet. */
  @Post()
  @ApiOperation({ summary: 'Submit a task' })
  @ApiHeader(IDEMPOTENCY_HEADER)
  @ApiBody({ type: SubmitTaskBody })
  @ApiCreatedResponse({ type: SubmittedTaskView, description: 'The task is recorded.', headers: ANSWER_HEADERS })
  @ApiOkResponse({ type: SubmittedTaskView, description: 'A task that holds the unique key was there before.' })
  @ApiProblems(409, 413, 415, 422)
  async submitTask(
    @Body() body: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    NO_QUERY.transform(request.query);
    const { type, payload, options } = readOne(body);
    return this.answer({ key, request, reply }, async (manager) => {
      const task = await this.submitter.submit(type, payload, { ...options, ...inTransaction(manager) });
      return { tasks: [task], status: task.created ? 201 : 200, body: submittedView(task) };
    });
  }

  @Post('bulk')
  @ApiOperation({ summary: 'Submit many tasks, all or none' })
  @BodyLimit(BULK_LIMITS.bytes)
  @ApiHeader(IDEMPOTENCY_HEADER)
  @ApiBody({ type: SubmitTasksBody })
  @ApiCreatedResponse({ type: BulkView, description: 'All of them are recorded.', headers: ANSWER_HEADERS })
  @ApiProblems(409, 413, 415, 422)
  async submitTasks(
    @Body() body: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    NO_QUERY.transform(request.query);
    const submissions = readMany(body);
    return this.answer({ key, request, reply }, async (manager) => {
      const tasks = await this.submitter.submitMany(submissions, inTransaction(manager));
      const items = tasks.map(({ id, taskId }) => ({ id, task_id: taskId }));
      return { tasks, status: 201, body: { items, total: items.length } };
    });
  }

  /** Submits, once only when a key says so, and writes the headers. A kept answer is committed before it is dispatched. */
  private async answer(
    { key, request, reply }: { key: string | undefined; request: FastifyRequest; reply: FastifyReply },
    submit: (manager?: EntityManager) => Promise<KeptAnswer & { readonly tasks: readonly SubmittedTask[] }>,
  ): Promise<string> {
    if (key === undefined) {
      const answer = await submit();
      return write(
        reply,
        answer,
        answer.tasks.every(({ dispatched }) => dispatched),
      );
    }
    let tasks: readonly SubmittedTask[] = [];
    const answer = await this.idempotency.once(request, key, async (manager) => {
      const { status, body, tasks: recorded } = await submit(manager);
      tasks = recorded;
      return { status, body };
    });
    if (!answer.replayed) return write(reply, answer, await this.submitter.dispatch(tasks));
    void reply.header('Idempotent-Replayed', 'true');
    return write(reply, answer, true);
  }
}

/** What `answer` dispatches itself needs no notice. */
function inTransaction(manager: EntityManager | undefined) {
  return manager ? ({ manager, dispatchBy: 'caller' } as const) : {};
}

function write(reply: FastifyReply, { status, body }: KeptAnswer, dispatched: boolean): string {
  void reply.code(status).type('application/json; charset=utf-8');
  if (!dispatched) void reply.header('X-Dispatch', 'deferred');
  const taskId = typeof body === 'object' && body !== null && 'task_id' in body ? body.task_id : undefined;
  if (typeof taskId === 'string') void reply.header('Location', `/api/v1/tasks/task/${taskId}`);
  return JSON.stringify(body);
}

function submittedView(task: SubmittedTask): Json {
  return Object.assign(taskView(task), { created: task.created }) as unknown as Json;
}
