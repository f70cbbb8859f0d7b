import { setImmediate as turn } from 'node:timers/promises';
import { ownPostgres, type OwnPostgres } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { StoreConnection } from './store-connection';

const ANSWER_MS = 400;

let server: OwnPostgres;
beforeAll(async () => {
  server = await ownPostgres();
});
afterAll(() => server.close());

let connection: StoreConnection;
afterEach(() => connection.end());

async function connected({ longAnswerMs = 20_000 } = {}): Promise<void> {
  connection = new StoreConnection({ connectionString: server.url, answerMs: ANSWER_MS, longAnswerMs });
  await connection.connect();
}

test('a silent connection is given up, with everything that waits on it', async () => {
  await connected();
  await server.kill('SIGSTOP');
  const began = performance.now();

  const asked = connection.query('BEGIN');
  await expect(asked).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  await expect(connection.query('ROLLBACK')).rejects.toThrow(/not queryable/);

  const tookMs = performance.now() - began;
  await server.kill('SIGCONT');
  expect(tookMs).toBeLessThan(ANSWER_MS * 10);
});

test('a statement that may take long is waited for, and the next one is not', async () => {
  await connected();

  await connection.longAnswers(() => connection.query('SELECT pg_sleep(1)'));

  await expect(connection.query('SELECT pg_sleep(30)')).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});

test('an answer that is still arriving is waited for, but not for ever', async () => {
  const trickle = `SELECT repeat('x', 20000), pg_sleep(0.1) FROM generate_series(1, $1)`;
  await connected();

  await expect(connection.query(trickle, [12])).resolves.toMatchObject({ rowCount: 12 });

  await connection.end();
  await connected({ longAnswerMs: 1_000 });
  await expect(connection.query(trickle, [200])).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});

test('a large statement gets the time that sending it may take', async () => {
  await connected();
  const asked = 'SELECT length($1), pg_sleep(1)';

  await expect(connection.query(asked, ['x'.repeat(100_000)])).resolves.toMatchObject({ rowCount: 1 });
  await expect(connection.query({ text: asked, values: ['x'] })).rejects.toMatchObject({ code: 'ETIMEDOUT' });
});

test('an answer that came while the event loop was busy has come in time', async () => {
  await connected();
  const asked = connection.query('SELECT 1 AS one');
  // What follows runs between two turns of the loop, of which the next one begins with its timers.
  await turn();

  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * ANSWER_MS);

  await expect(asked).resolves.toMatchObject({ rows: [{ one: 1 }] });
});
