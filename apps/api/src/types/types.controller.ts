import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { WorkerRepository } from '@millrace/store';
import { ApiProblems } from '../problem.view';
import { QueryPipe } from '../query-fields';
import { mergeTypes } from './merge-types';
import { TypesView } from './type.view';

/** A worker not seen for this long is not live; it beats every few seconds. */
const SILENT_MS = 30_000;

/** Says what can be submitted: the types that live workers have handlers for. */
@ApiTags('types')
@Controller('api/v1/types')
export class TypesController {
  constructor(private readonly workers: WorkerRepository) {}

  @Get()
  @ApiOperation({ summary: 'List the types that workers serve' })
  @ApiOkResponse({ type: TypesView, description: 'The types of live workers, by name, with their defaults.' })
  @ApiProblems()
  async listTypes(@Query(new QueryPipe({})) _query: object): Promise<TypesView> {
    const items = mergeTypes(await this.workers.live(SILENT_MS));
    return { items, total: items.length };
  }
}
