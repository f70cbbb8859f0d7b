import type { EntityManager, StartedTask, TaskRepository } from '@millrace/store';
import { draftRun } from './draft-task';
import type { Submission } from './submission';
import type { TaskPolicy } from './task-policy';

/**
 * Records a task that this process runs itself: `workerId` holds it from its insert on, and no queue ever has it.
 * Throws `InvalidTask`, `StoreUnavailable`.
 */
export async function recordStarted(
  { tasks, policy }: { readonly tasks: TaskRepository; readonly policy: TaskPolicy },
  submission: Submission,
  workerId: string,
): Promise<StartedTask> {
  const { task } = draftRun(submission, policy);
  return tasks.transaction(async (manager) => {
    await tasks.insertMany([task], manager);
    const [started] = await startInserted(tasks, [task.taskId], { workerId, manager });
    if (!started) throw new Error(`Task ${task.taskId} could not be started where it was recorded`);
    return started;
  });
}

/** Starts tasks in the transaction of their insert, so that neither a worker nor the repair ever sees them wait. */
export async function startInserted(
  tasks: TaskRepository,
  taskIds: readonly string[],
  { workerId, manager }: { readonly workerId: string; readonly manager: EntityManager },
): Promise<StartedTask[]> {
  const starts = taskIds.map((taskId) => ({ taskId, attempt: 0 }));
  const results = await tasks.startMany(starts, workerId, manager);
  return results.flatMap((result) => (result.kind === 'started' ? [result.task] : []));
}
