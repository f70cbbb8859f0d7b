import type { StartedTask, TaskRepository } from '@millrace/store';
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
    const [start] = await tasks.startMany([{ taskId: task.taskId, attempt: 0 }], workerId, manager);
    if (start?.kind !== 'started') throw new Error(`Task ${task.taskId} could not be started where it was recorded`);
    return start.task;
  });
}
