-- results.db, version 3: when an event was stored last, apart from when anything was. Of what is there only the latter is known.
ALTER TABLE partition_progress ADD COLUMN last_stored_at INTEGER NOT NULL DEFAULT -9223372036854775808;
UPDATE partition_progress SET last_stored_at = updated_at WHERE stored > 0;
