/**
 * The tables, as the steps that made them. A step that has been released is never changed: a change is a new step at the end.
 * The database's user_version counts the steps that it has been through.
 */
export const schemaSteps: readonly string[] = [
  `CREATE TABLE users (
     user_id TEXT PRIMARY KEY,
     ringing_device TEXT NOT NULL,
     mobile_endpoint TEXT,
     web_app_endpoint TEXT
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE devices (
     user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
     device_id TEXT NOT NULL,
     platform TEXT NOT NULL,
     token TEXT NOT NULL UNIQUE,
     alert_token TEXT,
     app_id TEXT,
     os_version TEXT,
     model TEXT,
     language TEXT,
     registered_at_ms INTEGER NOT NULL,
     dead_at_ms INTEGER,
     dead_reason TEXT,
     PRIMARY KEY (user_id, device_id)
   ) STRICT;
   CREATE INDEX devices_by_alert_token ON devices (alert_token) WHERE alert_token IS NOT NULL;

   CREATE TABLE calls (
     seq INTEGER PRIMARY KEY,
     call_id TEXT NOT NULL UNIQUE,
     user_id TEXT NOT NULL,
     caller_name TEXT NOT NULL,
     caller_number TEXT NOT NULL,
     started_at_ms INTEGER NOT NULL,
     -- JSON, or NULL for a call that the router left before it ended
     summary TEXT,
     -- JSON
     timeline TEXT NOT NULL,
     left_out INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX calls_by_start ON calls (started_at_ms);`,

  // However many devices a user has, its newest living ones and its longest dead one are found at once.
  `CREATE INDEX living_devices_by_registration ON devices (user_id, registered_at_ms) WHERE dead_at_ms IS NULL;
   CREATE INDEX dead_devices_by_death ON devices (user_id, dead_at_ms) WHERE dead_at_ms IS NOT NULL;`,
];
