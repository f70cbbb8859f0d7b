import { Body, Controller, HttpCode, Post, Query, Req } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiExtraModels,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { QUEUE_PATTERN, TYPE_PATTERN } from '@millrace/contracts';
import { invalidRequest, TextBody, TextContent } from '@millrace/runtime';
import type { FastifyRequest } from 'fastify';
import { actorOf } from '../actor-of';
import { ApiProblems } from '../problem.view';
import { ApiQueryFields, flag, matching, QueryPipe, text, type QueryOf } from '../query-fields';
import { ApplySchedules } from './apply-schedules';
import { setOfCrontab } from './crontab-set';
import { readYaml } from './read-yaml';
import { readSet } from './schedule-set';
import { SetBody, setDiffView, SetDiffView } from './set.views';

const LIMIT = { limitBytes: 1024 * 1024 };

const SET_QUERY = {
  dry_run: flag('Answers the diff and changes nothing.'),
  prune: flag('Deletes what is `orphaned`.'),
  prefix: matching('The set is about schedules whose names begin so.', /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/),
};

const IMPORT_QUERY = {
  type: matching('Type of the tasks; required.', TYPE_PATTERN),
  queue: matching('Queue of the tasks.', QUEUE_PATTERN),
  timezone: text('Of lines above the first `CRON_TZ`; default UTC.', 64),
  ...SET_QUERY,
};

/** Takes many schedules at once. */
@ApiTags('schedules')
@Controller('api/v1/schedules')
export class ScheduleSetController {
  constructor(private readonly sets: ApplySchedules) {}

  @Post('apply')
  @HttpCode(200)
  @TextBody(['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'], LIMIT)
  @ApiOperation({
    summary: 'Make the stored schedules equal to a set',
    description: 'All or none. Options stand in the address or in the body. Equal schedules keep their version.',
  })
  @ApiQueryFields(SET_QUERY)
  @ApiExtraModels(SetBody)
  @ApiConsumes('application/json', 'application/yaml')
  @ApiBody({ schema: { $ref: getSchemaPath(SetBody) } })
  @ApiOkResponse({ type: SetDiffView, description: 'What it changed, or would change for a `dry_run`.' })
  @ApiProblems(409, 413, 415)
  async applySchedules(
    @Query(new QueryPipe(SET_QUERY)) query: QueryOf<typeof SET_QUERY>,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<SetDiffView> {
    const set = readSet(body instanceof TextContent ? readYaml(body.text) : body, query);
    return setDiffView(await this.sets.apply(set, actorOf(request)), set);
  }

  @Post('import')
  @HttpCode(200)
  @TextBody(['text/plain'], LIMIT)
  @ApiOperation({
    summary: 'Take the lines of a crontab as schedules',
    description:
      'Each line `m h dom mon dow command` becomes a schedule with the payload `{command}`, all or none. `CRON_TZ` and `TZ` ' +
      'lines set the time zone of those below; other variables come as `env`, and text behind `%` as `stdin`.',
  })
  @ApiQueryFields(IMPORT_QUERY)
  @ApiConsumes('text/plain')
  @ApiBody({ schema: { type: 'string' } })
  @ApiOkResponse({ type: SetDiffView, description: 'What it changed, or would change for a `dry_run`.' })
  @ApiProblems(409, 413, 415)
  async importCrontab(
    @Query(new QueryPipe(IMPORT_QUERY)) query: QueryOf<typeof IMPORT_QUERY>,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
  ): Promise<SetDiffView> {
    const { type, dry_run: dryRun = false, prune = false, ...options } = query;
    if (type === undefined) throw invalidRequest([{ field: 'type', message: 'is required' }]);
    if (!(body instanceof TextContent))
      throw invalidRequest([{ field: '', message: 'send the crontab as text/plain' }]);
    const set = setOfCrontab(body.text, { ...options, type, dryRun, prune });
    return setDiffView(await this.sets.apply(set, actorOf(request)), set);
  }
}
