// @ts-check
import pg from 'pg';

/** The table that a team would write for the history of its jobs: an id, a status to list by, and when what happened. */
const TABLE = `
  CREATE TABLE job_records (
    id bigserial PRIMARY KEY,
    job_id text NOT NULL UNIQUE,
    type text NOT NULL,
    status text NOT NULL,
    payload jsonb NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
  );
  CREATE INDEX ON job_records (status, id)`;

const INSERT = `INSERT INTO job_records (job_id, type, status, payload) VALUES ($1, 'bench', 'pending', $2)`;
const INSERT_MANY = `
  INSERT INTO job_records (job_id, type, status, payload)
  SELECT job_id, 'bench', 'pending', payload FROM unnest($1::text[], $2::jsonb[]) AS rows (job_id, payload)`;
const START = `
  UPDATE job_records SET status = 'processing', started_at = now(), attempt = attempt + 1
  WHERE job_id = $1 AND status = 'pending'`;
const FINISH = `UPDATE job_records SET status = 'success', finished_at = now() WHERE job_id = $1 AND status = 'processing'`;
const LEFT = `SELECT count(*)::integer AS count FROM job_records WHERE status IN ('pending', 'processing')`;
const STANDING = `
  SELECT (count(*) FILTER (WHERE status = 'success'))::integer AS done,
    (count(*) FILTER (WHERE status IN ('pending', 'processing')))::integer AS left,
    (count(*) FILTER (WHERE status = 'success' AND (started_at IS NULL OR finished_at IS NULL OR attempt <> 1)))::integer AS wrong
  FROM job_records`;

/** A record of jobs, wired by hand beside a queue: one statement for each insert, start and finish. */
export class Record {
  #pool;

  /** @param {string} databaseUrl @param {number} connections */
  constructor(databaseUrl, connections) {
    this.#pool = new pg.Pool({ connectionString: databaseUrl, max: connections });
  }

  async create() {
    await this.#pool.query(TABLE);
  }

  /** @param {string} id @param {unknown} payload */
  insert(id, payload) {
    return this.#pool.query({ name: 'insert', text: INSERT, values: [id, JSON.stringify(payload)] });
  }

  /** @param {readonly string[]} ids @param {readonly unknown[]} payloads */
  insertMany(ids, payloads) {
    const values = [ids, payloads.map((payload) => JSON.stringify(payload))];
    return this.#pool.query({ name: 'insert-many', text: INSERT_MANY, values });
  }

  /** @param {string} id */
  start(id) {
    return this.#pool.query({ name: 'start', text: START, values: [id] });
  }

  /** @param {string} id */
  finish(id) {
    return this.#pool.query({ name: 'finish', text: FINISH, values: [id] });
  }

  async left() {
    const { rows } = await this.#pool.query(LEFT);
    return rows[0].count;
  }

  async standing() {
    const { rows } = await this.#pool.query(STANDING);
    const [{ done, left, wrong }] = rows;
    return { done, left, wrong: wrong > 0 ? [`${wrong} rows lack a time or have another attempt than 1`] : [] };
  }
}
