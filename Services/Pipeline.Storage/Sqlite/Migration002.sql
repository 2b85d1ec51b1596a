-- results.db, version 2: a session that a late record changed after it was closed says so.
ALTER TABLE user_sessions ADD COLUMN is_late_update INTEGER NOT NULL DEFAULT 0;
