/**
 * The finished half of a layout partitioned by status: a leaf per status, each cut by the time of
 * finishing, insert-only, so that retention drops leaves.
 */

const STATUSES = ['success', 'failed', 'cancelled'];
/** Days of finished tasks the seed spreads over, and how many partitions hold them. */
export const FINISHED_DAYS = 30;
export const FINISHED_PARTS = 10;

/** @param {Date} from start of the oldest partition */
export function finishedTables(from) {
  return STATUSES.flatMap((status) => [
    `CREATE TABLE tasks_${status} PARTITION OF tasks (finished_at NOT NULL) FOR VALUES IN ('${status}') PARTITION BY RANGE (finished_at)`,
    `CREATE TABLE tasks_${status}_rest PARTITION OF tasks_${status} DEFAULT`,
    ...Array.from({ length: FINISHED_PARTS }, (_, part) => {
      const [start, end] = [part, part + 1].map((edge) => partEdge(from, edge));
      return `CREATE TABLE tasks_${status}_${part} PARTITION OF tasks_${status} FOR VALUES FROM ('${start}') TO ('${end}')`;
    }),
  ]);
}

export const FINISHED_INDEXES = STATUSES.flatMap((status) => [
  `CREATE INDEX ON tasks_${status} (id)`,
  `CREATE INDEX ON tasks_${status} (task_id)`,
  `CREATE INDEX ON tasks_${status} (type, id)`,
  `CREATE INDEX ON tasks_${status} (user_id, id) WHERE user_id IS NOT NULL`,
  `CREATE INDEX ON tasks_${status} (queue, id)`,
]);

/** Retention: the oldest partition of every finished status. */
export const DROP_OLDEST = STATUSES.map((status) => `DROP TABLE tasks_${status}_0`);

/** The last partition reaches a day past the seed, where the writes of the run land. */
function partEdge(from, edge) {
  const days = edge === FINISHED_PARTS ? FINISHED_DAYS + 2 : (edge * FINISHED_DAYS) / FINISHED_PARTS;
  return new Date(from.getTime() + days * 86_400_000).toISOString();
}
