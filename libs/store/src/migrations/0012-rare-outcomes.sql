-- Runs are listed by outcome; among years of submitted slots the few others would be looked for one by one.
CREATE INDEX schedule_slots_rare ON schedule_slots (schedule_id, slot_at) WHERE outcome IN ('skipped', 'refused');
