CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO counter VALUES ('revision', 0);

CREATE TABLE IF NOT EXISTS channel (
  channel_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, topic TEXT NOT NULL, created INTEGER NOT NULL,
  is_archived INTEGER NOT NULL, last_ts TEXT NOT NULL DEFAULT '0000000000.000000'
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS member (
  channel_id TEXT NOT NULL REFERENCES channel, user_id TEXT NOT NULL, PRIMARY KEY (channel_id, user_id)
) WITHOUT ROWID;

-- thread_ts is the root's ts on a reply and NULL on everything else; whether a message is a root follows from its replies.
-- blocks is NULL when the sender gave none: Slack composes them from the text, and so does the reader here.
CREATE TABLE IF NOT EXISTS message (
  channel_id TEXT NOT NULL REFERENCES channel, ts TEXT NOT NULL, thread_ts TEXT, user_id TEXT NOT NULL, subtype TEXT,
  text TEXT NOT NULL, blocks TEXT, attachments TEXT, metadata TEXT, files TEXT, appearance TEXT,
  edited_by TEXT, edited_ts TEXT, revision INTEGER NOT NULL,
  PRIMARY KEY (channel_id, ts)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS message_by_thread ON message (channel_id, thread_ts, ts);

CREATE TABLE IF NOT EXISTS reaction (
  position INTEGER PRIMARY KEY AUTOINCREMENT, channel_id TEXT NOT NULL, ts TEXT NOT NULL, name TEXT NOT NULL,
  user_id TEXT NOT NULL, UNIQUE (channel_id, ts, name, user_id)
);

CREATE TABLE IF NOT EXISTS file (
  file_id TEXT PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, size INTEGER NOT NULL, user_id TEXT NOT NULL,
  created INTEGER NOT NULL, content BLOB, completed INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, method TEXT NOT NULL, outcome TEXT NOT NULL, error TEXT,
  status INTEGER NOT NULL, retry_after TEXT, fault TEXT, channel TEXT, ts TEXT, args TEXT NOT NULL
);
