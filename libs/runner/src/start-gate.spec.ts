import { StoreUnavailable, type TaskRepository } from '@millrace/store';
import { TaskPolicy } from '@millrace/tasks';
import { Metrics } from '@millrace/runtime';
import { eventually } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { HeldTasks } from './held-tasks';
import { StartGate, type GateAnswers } from './start-gate';
import { StrayRows } from './stray-rows';
import { Tally } from './tally';
import { openWorkbench, type Workbench } from './worker.fixture';

describe('the gate, after a start whose answer did not come', () => {
  let bench: Workbench;

  beforeAll(async () => {
    bench = await openWorkbench();
  });

  afterAll(() => bench.close());

  it('looks for its row at once, and again when the server can no longer commit it', async () => {
    const held = new HeldTasks({ hold: () => undefined });
    const strays = new StrayRows('me', held, bench.queries, bench.store.tasks, async () => false);
    const looks: number[] = [];
    const stopping = new AbortController();
    const gate = new StartGate(
      {
        workerId: 'me',
        tasks: withoutFirstAnswer(bench.store.tasks),
        policy: new TaskPolicy(),
        tally: new Tally(new Metrics()),
        handBackStrays: async () => looks.push(await strays.runOnce()),
        stopping: stopping.signal,
      },
      answers({ started: (task, { attempt }) => (task.attempt = attempt) }),
    );
    const [shown, late] = [await submitted(), await submitted()];

    gate.show(held.add([claimOf(shown)], { trustedUntilMs: Infinity, claimedAtMs: 0 }));
    await eventually(() => expect(looks).toEqual([0]));
    await bench.store.tasks.startMany([{ taskId: late, attempt: 0 }], 'me');
    await eventually(() => expect(looks).toEqual([0, 1]), 60_000);

    expect(await bench.queries.findByTaskId(late)).toMatchObject({ status: 'pending', crashCount: 0 });
    expect(await bench.queries.findByTaskId(shown)).toMatchObject({ status: 'processing' });
    stopping.abort();
  });

  async function submitted(): Promise<string> {
    return (await bench.submitter.submit('doubtful', {})).taskId;
  }
});

/** The repository, whose first answer gets lost. */
function withoutFirstAnswer(tasks: TaskRepository): TaskRepository {
  const startMany = vi.fn(tasks.startMany.bind(tasks)).mockRejectedValueOnce(new StoreUnavailable('the line is dead'));
  return Object.create(tasks, { startMany: { value: startMany } }) as TaskRepository;
}

function answers(expected: Partial<GateAnswers>): GateAnswers {
  const never = () => expect.unreachable();
  return {
    started: never,
    early: never,
    expired: never,
    unrecordable: never,
    refused: never,
    unanswered: never,
    unstartable: never,
    ...expected,
  };
}

function claimOf(taskId: string) {
  const entry = { type: 'doubtful', attempt: 0, priority: 0, crashCount: 0, raw: null, json: '' };
  return { taskId, token: 't', queue: 'default', ...entry };
}
