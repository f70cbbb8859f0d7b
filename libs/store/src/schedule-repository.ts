import type { Json } from '@millrace/contracts';
import type { Database } from './database';
import { ScheduleEntity } from './entities';
import { insertTasks } from './insert-tasks';
import { columnsOf, rowReader } from './row-reader';
import type { InsertResult, NewTask } from './task-row';

/** A schedule as code declares it. */
export interface DeclaredSchedule {
  readonly name: string;
  readonly spec: string;
  readonly type: string;
  readonly payload: Json;
  /** Null or absent: the queue that the type is routed to. */
  readonly queue?: string | null;
}

export type ScheduleRow = ScheduleEntity;

const readSchedule = rowReader(ScheduleEntity);

const ENSURE = `
  INSERT INTO schedules (name, spec, type, payload, queue) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, type = excluded.type, payload = excluded.payload,
    queue = excluded.queue, updated_at = now()
  RETURNING ${columnsOf(ScheduleEntity).join(', ')}`;

const BY_NAME = `SELECT ${columnsOf(ScheduleEntity).join(', ')} FROM schedules WHERE name = $1`;

const TAKE_SLOT = `
  INSERT INTO schedule_slots (schedule_id, slot_at, task_id) VALUES ($1, $2, $3)
  ON CONFLICT (schedule_id, slot_at) DO NOTHING RETURNING slot_at`;

const LAST_SLOT = `SELECT max(slot_at) AS slot_at FROM schedule_slots WHERE schedule_id = $1`;

/** Schedules, and which of their moments were served. */
export class ScheduleRepository {
  constructor(private readonly db: Database) {}

  /** Creates the schedule, or makes the one of this name equal to it. */
  async ensure(schedule: DeclaredSchedule): Promise<ScheduleRow> {
    const { name, spec, type, payload, queue = null } = schedule;
    const [row = {}] = await this.db.query(ENSURE, [name, spec, type, JSON.stringify(payload), queue]);
    return readSchedule(row);
  }

  async findByName(name: string): Promise<ScheduleRow | null> {
    const [row] = await this.db.query(BY_NAME, [name]);
    return row ? readSchedule(row) : null;
  }

  /**
   * Inserts the task of one due moment in the transaction that marks the moment as served; null when another scheduler
   * was first. A moment whose task was refused (its unique key is taken) counts as served.
   */
  async fireSlot(scheduleId: number, slotAt: Date, task: NewTask): Promise<InsertResult | null> {
    return this.db.transaction(async (manager) => {
      const taken = await this.db.query(TAKE_SLOT, [scheduleId, slotAt, task.taskId], manager);
      if (taken.length === 0) return null;
      const [result] = await insertTasks(this.db, [task], manager);
      return result ?? null;
    });
  }

  /** The latest moment that was served; null when none was. */
  async lastSlot(scheduleId: number): Promise<Date | null> {
    const [row] = await this.db.query<{ slot_at: Date | null }>(LAST_SLOT, [scheduleId]);
    return row?.slot_at ?? null;
  }
}
