-- Port Advice.

CREATE TABLE aorta_advice (
  id TEXT PRIMARY KEY,
  hook_instance TEXT NOT NULL,
  service TEXT NOT NULL,
  hook TEXT NOT NULL,
  client TEXT NOT NULL,
  patient TEXT NOT NULL,
  at INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  ms INTEGER NOT NULL,
  cards TEXT NOT NULL,
  reads TEXT NOT NULL
) STRICT;
CREATE INDEX aorta_advice_age ON aorta_advice (at);

CREATE TABLE aorta_advice_feedback (
  id TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  client TEXT NOT NULL,
  card TEXT NOT NULL,
  outcome TEXT NOT NULL,
  suggestions TEXT NOT NULL,
  reason_system TEXT,
  reason_code TEXT,
  comment TEXT,
  outcome_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  UNIQUE (client, card, outcome, outcome_at)
) STRICT;
CREATE INDEX aorta_advice_feedback_age ON aorta_advice_feedback (received_at);
