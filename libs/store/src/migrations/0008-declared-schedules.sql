-- When code last said that it has a schedule: schedulers of two versions may run side by side, so one that does not declare it
-- is no proof that nobody does.
ALTER TABLE schedules ADD COLUMN declared_at timestamptz;
COMMENT ON COLUMN schedules.declared_at IS 'When a running scheduler last declared it; null for schedules of the api.';
