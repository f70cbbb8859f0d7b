/** What REST is held against: the same HTTP server, doing one single-row INSERT for each request and nothing else. */
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import { Pool } from 'pg';

const TABLE = `
  CREATE TABLE job_records (
    id bigserial PRIMARY KEY,
    job_id text NOT NULL UNIQUE,
    type text NOT NULL,
    status text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX ON job_records (status, id)`;
const INSERT = `INSERT INTO job_records (job_id, type, status, payload) VALUES ($1, $2, 'pending', $3) RETURNING id`;
/** More were no faster on two cores. */
const CONNECTIONS = 20;

interface Submit {
  readonly type: string;
  readonly payload: unknown;
}

const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: CONNECTIONS });
await pool.query(TABLE);

const server = fastify();
server.get('/health/ready', async () => ({ status: 'ok' }));
server.post<{ Body: Submit }>('/api/v1/tasks', async ({ body }, reply) => {
  const jobId = randomUUID();
  const values = [jobId, body.type, JSON.stringify(body.payload)];
  const { rows } = await pool.query<{ id: string }>({ name: 'insert', text: INSERT, values });
  return reply.code(201).send({ id: Number(rows[0]?.id), task_id: jobId });
});
await server.listen({ host: '127.0.0.1', port: Number(process.env['API_PORT']) });
// As every service says it; whoever starts one waits for the word.
console.log('Listening');
