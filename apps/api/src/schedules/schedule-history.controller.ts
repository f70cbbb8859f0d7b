import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SLOT_OUTCOMES } from '@millrace/contracts';
import { ScheduleRepository } from '@millrace/store';
import { ScheduleNotFound } from '@millrace/tasks';
import { ApiProblems } from '../problem.view';
import { ApiQueryFields, instant, matching, oneOf, QueryPipe, type QueryOf } from '../query-fields';
import { AuditPageView, auditView, VersionPageView, versionViews } from './history.views';
import { RunsView } from './run.views';
import { runView } from './run-view';
import { ApiScheduleName, ScheduleNamePipe } from './schedule-name';
import { PAGE_SIZE } from './schedule-query';

const CURSOR = '`next_cursor` of the page before.';
const RUNS_QUERY = {
  outcome: oneOf('Only slots that became this.', SLOT_OUTCOMES),
  page_size: PAGE_SIZE,
  cursor: instant(CURSOR),
};
const VERSIONS_QUERY = { page_size: PAGE_SIZE, cursor: matching(CURSOR, /^\d{1,15}\.\d{1,9}$/) };
const AUDIT_QUERY = { page_size: PAGE_SIZE, cursor: matching(CURSOR, /^\d{1,15}$/) };

/** Tells what became of a schedule: its runs, its versions, and who did what to it. */
@ApiTags('schedules')
@Controller('api/v1/schedules/:name')
export class ScheduleHistoryController {
  constructor(private readonly schedules: ScheduleRepository) {}

  @Get('runs')
  @ApiOperation({ summary: 'List the runs of a schedule' })
  @ApiScheduleName()
  @ApiQueryFields(RUNS_QUERY)
  @ApiOkResponse({ type: RunsView, description: 'Its slots that were decided about, latest first, with their tasks.' })
  @ApiProblems(404)
  async listRuns(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(new QueryPipe(RUNS_QUERY)) { outcome, page_size: pageSize = 20, cursor }: QueryOf<typeof RUNS_QUERY>,
  ): Promise<RunsView> {
    const schedule = await this.schedules.findByName(name);
    if (!schedule) throw new ScheduleNotFound(name);
    const runs = await this.schedules.runs(schedule.id, { before: cursor, outcome, limit: pageSize + 1 });
    const items = runs.slice(0, pageSize).map(runView);
    return { items, next_cursor: runs.length > pageSize ? (items.at(-1)?.slot_at ?? null) : null };
  }

  /** A deleted schedule still has them. */
  @Get('versions')
  @ApiOperation({ summary: 'List the versions of a schedule' })
  @ApiScheduleName()
  @ApiQueryFields(VERSIONS_QUERY)
  @ApiOkResponse({ type: VersionPageView, description: 'Newest first, each with what it changed.' })
  @ApiProblems(404)
  async listVersions(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(new QueryPipe(VERSIONS_QUERY)) { page_size: pageSize = 20, cursor }: QueryOf<typeof VERSIONS_QUERY>,
  ): Promise<VersionPageView> {
    const [scheduleId = 0, version = 0] = cursor?.split('.').map(Number) ?? [];
    const after = cursor === undefined ? undefined : { scheduleId, version };
    // One more than is shown: the oldest version of a page is compared with the one before it.
    const versions = await this.schedules.versions(name, { after, limit: pageSize + 1 });
    if (versions.length === 0 && !after) throw new ScheduleNotFound(name);
    const last = versions[pageSize - 1];
    return {
      items: versionViews(versions).slice(0, pageSize),
      next_cursor: versions.length > pageSize && last ? `${last.scheduleId}.${last.version}` : null,
    };
  }

  /** A deleted schedule still has it. */
  @Get('audit')
  @ApiOperation({ summary: 'List who did what to a schedule' })
  @ApiScheduleName()
  @ApiQueryFields(AUDIT_QUERY)
  @ApiOkResponse({ type: AuditPageView, description: 'Newest first.' })
  @ApiProblems(404)
  async listScheduleAudit(
    @Param('name', new ScheduleNamePipe()) name: string,
    @Query(new QueryPipe(AUDIT_QUERY)) { page_size: pageSize = 20, cursor }: QueryOf<typeof AUDIT_QUERY>,
  ): Promise<AuditPageView> {
    const after = cursor === undefined ? undefined : Number(cursor);
    const entries = await this.schedules.auditOf(name, { after, limit: pageSize + 1 });
    if (entries.length === 0 && after === undefined) throw new ScheduleNotFound(name);
    const last = entries[pageSize - 1];
    return {
      items: entries.slice(0, pageSize).map(auditView),
      next_cursor: entries.length > pageSize && last ? String(last.id) : null,
    };
  }
}
