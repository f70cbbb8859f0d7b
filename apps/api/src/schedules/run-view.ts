import type { ScheduleRun } from '@millrace/store';
import { instantView } from '../tasks/task.view';
import type { RunTaskView, RunView } from './run.views';

/** A run as REST shows it. */
export function runView(run: ScheduleRun): RunView {
  return {
    slot_at: run.slotAt.toISOString(),
    outcome: run.outcome,
    origin: run.origin,
    reason: run.reason,
    lateness: run.lateMs,
    decided_at: run.decidedAt.toISOString(),
    task_id: run.taskId,
    task: taskOf(run),
  };
}

function taskOf({
  taskId,
  taskDbId,
  status,
  attempt,
  errorCode,
  startedAt,
  finishedAt,
}: ScheduleRun): RunTaskView | null {
  if (taskId === null || taskDbId === null || status === null) return null;
  return {
    id: taskDbId,
    href: `/api/v1/tasks/task/${taskId}`,
    status,
    attempt: attempt ?? 0,
    error_code: errorCode,
    started_at: instantView(startedAt),
    finished_at: instantView(finishedAt),
  };
}
