-- Port Identity: which admission has made or undone the link, to see whether its records are in the log.

ALTER TABLE aorta_link ADD COLUMN instance TEXT NOT NULL DEFAULT '';
ALTER TABLE aorta_link ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
