-- Notes of tries of suspects: one row for each try that nobody has taken back, instead of a number for each record. So an owner
-- that lost its lane and lives takes back exactly its own.
CREATE TABLE aorta_try (
  flow TEXT NOT NULL, lane TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  record_offset INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  PRIMARY KEY (flow, lane, topic, partition, record_offset, epoch)
) STRICT, WITHOUT ROWID;

-- What was counted goes on to count.
WITH RECURSIVE numbered AS (
  SELECT flow, lane, topic, partition, record_offset, attempts AS n FROM aorta_suspect WHERE attempts > 0
  UNION ALL
  SELECT flow, lane, topic, partition, record_offset, n - 1 FROM numbered WHERE n > 1
)
INSERT INTO aorta_try (flow, lane, topic, partition, record_offset, epoch)
  SELECT flow, lane, topic, partition, record_offset, 1 - n FROM numbered;

DROP TABLE aorta_suspect;
