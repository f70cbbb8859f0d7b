-- Applications that declare schedules beside each other must not take them from each other, nor fire what only the other can.
ALTER TABLE schedules ADD COLUMN declared_by text COLLATE "C";
UPDATE schedules SET declared_by = 'scheduler' WHERE source = 'code';
COMMENT ON COLUMN schedules.declared_by IS 'The application whose code declares it, and whose processes alone fire it; null for schedules of the api.';
