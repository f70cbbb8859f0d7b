-- Schedules as records: every field of a rule, where it stands, its versions, and what became of each slot.

ALTER TABLE schedules
  ADD COLUMN next_slot_at timestamptz,
  ADD COLUMN next_run_at timestamptz,
  ADD COLUMN last_run_at timestamptz,
  ADD COLUMN at timestamptz,
  ADD COLUMN starts_at timestamptz,
  ADD COLUMN ends_at timestamptz,
  ADD COLUMN orphaned_at timestamptz,
  ADD COLUMN every_ms bigint CHECK (every_ms >= 1000),
  ADD COLUMN phase_ms bigint NOT NULL DEFAULT 0 CHECK (phase_ms >= 0),
  ADD COLUMN jitter_ms bigint NOT NULL DEFAULT 0 CHECK (jitter_ms >= 0),
  ADD COLUMN misfire_window_ms bigint NOT NULL DEFAULT 86400000 CHECK (misfire_window_ms >= 0),
  ADD COLUMN retry_delay_ms bigint CHECK (retry_delay_ms >= 0),
  ADD COLUMN timeout_ms bigint CHECK (timeout_ms > 0),
  ADD COLUMN run_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN missed_count bigint NOT NULL DEFAULT 0,
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN max_runs integer CHECK (max_runs >= 1),
  ADD COLUMN misfire_limit integer NOT NULL DEFAULT 100 CHECK (misfire_limit >= 1),
  ADD COLUMN pause_after_failures integer CHECK (pause_after_failures >= 1),
  ADD COLUMN max_retry integer CHECK (max_retry BETWEEN 0 AND 1000),
  ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority BETWEEN 0 AND 9),
  ADD COLUMN paused boolean NOT NULL DEFAULT false,
  ADD COLUMN pause_reason text,
  ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT 'api' CHECK (source IN ('api', 'code')),
  ADD COLUMN timezone text COLLATE "C" NOT NULL DEFAULT 'UTC',
  ADD COLUMN misfire text COLLATE "C" NOT NULL DEFAULT 'once' CHECK (misfire IN ('skip', 'once', 'all')),
  ADD COLUMN overlap text COLLATE "C" NOT NULL DEFAULT 'allow'
    CHECK (overlap IN ('allow', 'skip', 'queue_one', 'queue_all', 'cancel_running')),
  ADD COLUMN user_id text COLLATE "C",
  ADD COLUMN cron text[],
  ADD COLUMN exclude text[] NOT NULL DEFAULT '{}',
  ADD COLUMN backoff jsonb;
UPDATE schedules SET cron = ARRAY[spec], source = 'code';
ALTER TABLE schedules DROP COLUMN spec;
ALTER TABLE schedules
  ADD CONSTRAINT schedules_one_rule CHECK (num_nonnulls(cron, every_ms, at) = 1),
  ADD CONSTRAINT schedules_next CHECK ((next_slot_at IS NULL) = (next_run_at IS NULL)),
  ADD CONSTRAINT schedules_pause_reason CHECK (paused OR pause_reason IS NULL);
-- Every fire writes its schedule anew, and finds it by the index alone.
ALTER TABLE schedules SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000,
                           autovacuum_vacuum_cost_delay = 0);
CREATE INDEX schedules_due ON schedules (next_run_at) WHERE NOT paused;

COMMENT ON COLUMN schedules.cron IS 'Expressions; a slot is when any of them matches. One of cron, every_ms and at.';
COMMENT ON COLUMN schedules.phase_ms IS 'Moves the slots of every_ms, which are multiples of it since 1970.';
COMMENT ON COLUMN schedules.exclude IS 'Days of the time zone without slots.';
COMMENT ON COLUMN schedules.ends_at IS 'No slot then or later.';
COMMENT ON COLUMN schedules.next_slot_at IS 'The first slot that nothing was decided about; null: no more.';
COMMENT ON COLUMN schedules.next_run_at IS 'When that slot fires: itself and its jitter.';
COMMENT ON COLUMN schedules.last_run_at IS 'The slot that was submitted last by the clock.';
COMMENT ON COLUMN schedules.run_count IS 'Slots that came due and were submitted or set to wait; max_runs ends it.';
COMMENT ON COLUMN schedules.missed_count IS 'Slots that were passed over because they came up too late.';
COMMENT ON COLUMN schedules.source IS 'code: declared by the scheduler''s own code, and made equal to it at every start.';
COMMENT ON COLUMN schedules.orphaned_at IS 'Since when no scheduler declares it any more, though its source is code.';
COMMENT ON COLUMN schedules.version IS 'Rises with every change of the rule; the state alone does not move it.';

-- Schedules go with all their slots left behind, which retention removes.
ALTER TABLE schedule_slots
  DROP CONSTRAINT schedule_slots_schedule_id_fkey,
  ALTER COLUMN task_id DROP NOT NULL,
  ADD COLUMN late_ms bigint NOT NULL DEFAULT 0,
  ADD COLUMN outcome text COLLATE "C" NOT NULL DEFAULT 'submitted'
    CHECK (outcome IN ('submitted', 'waiting', 'skipped', 'refused')),
  ADD COLUMN origin text COLLATE "C" NOT NULL DEFAULT 'schedule' CHECK (origin IN ('schedule', 'trigger', 'backfill')),
  ADD COLUMN reason text,
  ADD CONSTRAINT schedule_slots_task CHECK ((outcome = 'submitted') = (task_id IS NOT NULL));
CREATE INDEX schedule_slots_waiting ON schedule_slots (schedule_id, slot_at) WHERE outcome = 'waiting';
CREATE INDEX schedule_slots_created ON schedule_slots USING brin (created_at);
COMMENT ON TABLE schedule_slots IS 'What became of each slot that was decided about: one row a slot, however many schedulers run.';
COMMENT ON COLUMN schedule_slots.outcome IS 'submitted: task_id is its task; waiting: for an earlier task to end; skipped: by the overlap policy; refused: see reason.';
COMMENT ON COLUMN schedule_slots.origin IS 'Who asked for it: the clock, an operator for a run now, an operator for the past.';
COMMENT ON COLUMN schedule_slots.late_ms IS 'How long after its due moment (slot and jitter) it was decided about.';

-- For the overlap policies. A start or an outcome moves the row and pays; only tasks of schedules do.
CREATE INDEX tasks_processing_schedule ON tasks_processing (schedule_id) WHERE schedule_id IS NOT NULL;

CREATE TABLE schedule_versions (
  schedule_id bigint NOT NULL,
  version integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now(),
  name text COLLATE "C" NOT NULL,
  actor text NOT NULL,
  action text COLLATE "C" NOT NULL CHECK (action IN ('create', 'replace', 'delete')),
  definition jsonb NOT NULL,
  PRIMARY KEY (schedule_id, version)
);
CREATE INDEX schedule_versions_name ON schedule_versions (name, at);
COMMENT ON TABLE schedule_versions IS 'Every version a schedule has had, the deleted ones included. Append only.';

ALTER TABLE audit_log ADD COLUMN schedule text COLLATE "C";
CREATE INDEX audit_log_schedule ON audit_log (schedule, id) WHERE schedule IS NOT NULL;
COMMENT ON TABLE audit_log IS 'Who did what to a task or a schedule, and when. Append only.';
COMMENT ON COLUMN audit_log.schedule IS 'Name of the schedule that was changed.';
