import type { MigrationInterface, QueryRunner } from 'typeorm';
import tasks from './0001-tasks.sql';
import taskCounts from './0002-task-counts.sql';
import taskCreated from './0003-task-created.sql';
import taskLookup from './0004-task-lookup.sql';
import submit from './0005-submit.sql';
import nameChecks from './0006-name-checks.sql';
import schedules from './0007-schedules.sql';
import declaredSchedules from './0008-declared-schedules.sql';
import auditMoment from './0009-audit-moment.sql';
import leanMoves from './0010-lean-moves.sql';
import declaredBy from './0011-declared-by.sql';
import rareOutcomes from './0012-rare-outcomes.sql';
import uncounted from './0013-uncounted.sql';
import freeTypes from './0014-free-types.sql';

/** A class for TypeORM's runner; the name ends in the timestamp it sorts by. */
function migration(name: string, sql: string): new () => MigrationInterface {
  return class implements MigrationInterface {
    readonly name = name;

    async up(runner: QueryRunner): Promise<void> {
      await runner.query(sql);
    }

    /** Forward only: going back is a restore, or another migration. */
    async down(): Promise<void> {
      throw new Error(`${name} cannot be taken back`);
    }
  };
}

/** All migrations, in order. Never edit one that was released: add the next. */
export const MIGRATIONS: readonly (new () => MigrationInterface)[] = [
  migration('Tasks1795500000001', tasks),
  migration('TaskCounts1795500000002', taskCounts),
  migration('TaskCreated1795500000003', taskCreated),
  migration('TaskLookup1795500000004', taskLookup),
  migration('Submit1795500000005', submit),
  migration('NameChecks1795500000006', nameChecks),
  migration('Schedules1795500000007', schedules),
  migration('DeclaredSchedules1795500000008', declaredSchedules),
  migration('AuditMoment1795500000009', auditMoment),
  migration('LeanMoves1795500000010', leanMoves),
  migration('DeclaredBy1795500000011', declaredBy),
  migration('RareOutcomes1795500000012', rareOutcomes),
  migration('Uncounted1795500000013', uncounted),
  migration('FreeTypes1795500000014', freeTypes),
];
