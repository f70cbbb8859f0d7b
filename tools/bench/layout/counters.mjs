import { quantile } from './server.mjs';
import { writeRound } from './writes.mjs';

/** What a counter is kept by; users make it much finer. */
const KEYS = { 'by status, type, queue': [`''::text`], 'and by user': [`coalesce(user_id, '')`] };
const BATCHES = { 100: 5_000, 1000: 20_000 };
const ROUNDS = 3;

/** Statement triggers see every row of the statement at once, through the parent as through a leaf. */
const triggersOn = (table) => `
CREATE TRIGGER count_added AFTER INSERT ON ${table} REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_added();
CREATE TRIGGER count_removed AFTER DELETE ON ${table} REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_removed();
CREATE TRIGGER count_changed AFTER UPDATE ON ${table} REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_changed();`;

const functions = (user) => `
CREATE OR REPLACE FUNCTION count_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO task_count_deltas SELECT status, type, queue, ${user}, count(*) FROM added GROUP BY 1, 2, 3, 4; RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO task_count_deltas SELECT status, type, queue, ${user}, -count(*) FROM removed GROUP BY 1, 2, 3, 4; RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO task_count_deltas SELECT status, type, queue, ${user}, sum(n) FROM (
    SELECT status, type, queue, user_id, 1 AS n FROM added UNION ALL SELECT status, type, queue, user_id, -1 FROM removed
  ) AS change GROUP BY 1, 2, 3, 4 HAVING sum(n) <> 0; RETURN NULL; END $$;`;

const FOLD = `WITH taken AS (
  DELETE FROM task_count_deltas WHERE ctid = ANY (ARRAY(SELECT ctid FROM task_count_deltas LIMIT 20000 FOR UPDATE SKIP LOCKED)) RETURNING *
)
INSERT INTO task_counts AS c SELECT status, type, queue, user_id, sum(n) FROM taken GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (status, type, queue, user_id) DO UPDATE SET n = c.n + excluded.n`;

const STATS = (where) => `SELECT status, sum(n)::bigint AS n FROM (
  SELECT status, n FROM task_counts ${where} UNION ALL SELECT status, n FROM task_count_deltas ${where}
) AS counted GROUP BY status`;

/** Cost of exact counters on every candidate, and whether they are exact. */
export async function measureCounters(opened) {
  for (const [key, [user]] of Object.entries(KEYS)) {
    for (const candidate of opened) {
      await install(candidate, user);
      await measureWrites(candidate, key);
      await measureStats(candidate, key);
      await candidate.client.query('DROP TABLE task_count_deltas, task_counts');
      await candidate.client.query('DROP FUNCTION count_added, count_removed, count_changed CASCADE');
    }
  }
}

async function install({ client, sql }, user) {
  await client.query(`CREATE TABLE task_count_deltas (status text COLLATE "C", type text COLLATE "C", queue text COLLATE "C", user_id text COLLATE "C", n bigint);
CREATE TABLE task_counts (status text COLLATE "C", type text COLLATE "C", queue text COLLATE "C", user_id text COLLATE "C", n bigint, PRIMARY KEY (status, type, queue, user_id))
WITH (fillfactor = 70)`);
  await client.query(
    `INSERT INTO task_counts SELECT status, type, queue, ${user}, count(*) FROM tasks GROUP BY 1, 2, 3, 4`,
  );
  await client.query(functions(user));
  for (const table of sql.counted) await client.query(triggersOn(table));
  await client.query('VACUUM ANALYZE task_counts');
}

async function measureWrites({ name, sql, client, cpu }, key) {
  for (const [batch, count] of Object.entries(BATCHES)) {
    const rounds = { without: [], with: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const state of ['with', 'without']) {
        // Without triggers the counters would go stale: the rows of those rounds are counted by hand below.
        await setTriggers(client, sql.counted, state === 'with' ? 'ENABLE' : 'DISABLE');
        rounds[state].push(await writeRound(sql, { client, cpu, batch: Number(batch), count }));
      }
    }
    const total = (state) =>
      quantile(
        rounds[state].map((r) => r.insert.serverUs + r.start.serverUs + r.outcome.serverUs),
        0.5,
      );
    console.log(
      `counters ${name} ${key}, batch ${batch}: ${total('without').toFixed(1)} -> ${total('with').toFixed(1)} µs/row for insert, start and outcome`,
    );
  }
  await setTriggers(client, sql.counted, 'ENABLE');
}

async function measureStats({ name, sql, client, cpu }, key) {
  const {
    rows: [{ deltas }],
  } = await client.query('SELECT count(*)::int AS deltas FROM task_count_deltas');
  const foldUs = cpu.readUs();
  while ((await client.query(FOLD)).rowCount > 0);
  console.log(
    `counters ${name} ${key}: ${deltas} deltas folded at ${((cpu.readUs() - foldUs) / deltas).toFixed(2)} µs each`,
  );
  await client.query('TRUNCATE task_counts');
  const user = key.includes('user') ? `coalesce(user_id, '')` : `''`;
  await client.query(
    `INSERT INTO task_counts SELECT status, type, queue, ${user}, count(*) FROM tasks GROUP BY 1, 2, 3, 4`,
  );
  await writeRound(sql, { client, cpu, batch: 1000, count: 2000 });
  await client.query(
    `UPDATE tasks SET status = 'cancelled', finished_at = now() WHERE id IN (SELECT id FROM tasks WHERE status = 'pending' ORDER BY id LIMIT 50)`,
  );
  const wrong = await client.query(
    `SELECT * FROM (${STATS('')}) AS kept FULL JOIN (SELECT status, count(*) AS n FROM tasks GROUP BY 1) AS truth USING (status) WHERE kept.n IS DISTINCT FROM truth.n`,
  );
  console.log(
    `counters ${name} ${key}: ${wrong.rowCount === 0 ? 'exact, also after an UPDATE across leaves' : `WRONG ${JSON.stringify(wrong.rows)}`}`,
  );
  const filters = {
    total: [''],
    type: [`WHERE type = $1`, 'type_1'],
    queue: ['WHERE queue = $1', 'default'],
    ...(key.includes('user') && { user: ['WHERE user_id = $1', 'user_1'] }),
  };
  for (const [filter, [where, ...values]] of Object.entries(filters)) {
    const times = [];
    for (let n = 0; n < 200; n += 1) {
      const began = performance.now();
      await client.query(STATS(where), values);
      times.push(performance.now() - began);
    }
    console.log(
      `stats ${name} ${key}, ${filter}: ${quantile(times, 0.5).toFixed(1)} / ${quantile(times, 0.99).toFixed(1)} ms`,
    );
  }
}

async function setTriggers(client, tables, state) {
  for (const table of tables) await client.query(`ALTER TABLE ${table} ${state} TRIGGER USER`);
}
