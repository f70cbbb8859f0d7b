import type { Scenario, ScenarioContext } from '../scenario';

/** This share of the requests with a key has another body. */
const OTHERS = 0.1;

export const idempotencyRace: Scenario = {
  row: '22',
  name: 'idempotency-race',
  promise:
    'One key is used by a hundred requests at once, over two apis and with two bodies: one task, and 422 for the other body.',
  testbed: { workers: 1 },
  // Keys, and requests with all of them.
  long: { cycles: 100, tasks: 10_000 },
  async run(context) {
    const complaints: string[] = [];
    const replays = { replayed: 0, refused: 0 };
    const requests = Math.ceil(context.tasks / context.cycles);
    for (let key = 1; key <= context.cycles; key += 1) {
      const answers = await Promise.all(
        Array.from({ length: requests }, () =>
          ask(context, `race-${key}`, context.random.next() < OTHERS ? 'other' : 'same'),
        ),
      );
      const ids = new Set(answers.flatMap(({ taskId }) => taskId ?? []));
      context.load.adopt([...ids], 'success');
      replays.replayed += answers.filter(({ replayed }) => replayed).length;
      replays.refused += answers.filter(({ status }) => status === 422).length;
      const winners = new Set(answers.filter(({ status }) => status === 201).map(({ body }) => body));
      const odd = answers.filter(({ status, body }) => status !== (winners.has(body) ? 201 : 422));
      if (ids.size !== 1 || winners.size !== 1)
        complaints.push(`key ${key} made ${ids.size} tasks of ${winners.size} bodies`);
      if (odd.length > 0) complaints.push(`key ${key}: ${odd.length} answers such as ${odd[0]?.status}`);
    }
    return { measures: { keys: context.cycles, requests: requests * context.cycles, ...replays }, complaints };
  },
};

interface RaceAnswer {
  readonly status: number;
  readonly body: 'same' | 'other';
  readonly taskId: string | undefined;
  readonly replayed: boolean;
}

async function ask({ testbed, random }: ScenarioContext, key: string, body: RaceAnswer['body']): Promise<RaceAnswer> {
  const response = await fetch(`${random.pick(testbed.apiUrls)}/api/v1/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: JSON.stringify({ type: 'effect', payload: { sleep: body === 'same' ? 1 : 2 } }),
  });
  const answer = (await response.json()) as { task_id?: string };
  const replayed = response.headers.has('idempotent-replayed');
  return { status: response.status, body, taskId: answer.task_id, replayed };
}
