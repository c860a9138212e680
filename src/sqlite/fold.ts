import type { DatabaseSync } from 'node:sqlite';

/** Milliseconds from a change to the fold that takes it along. */
const everyMs = 250;

/**
 * Folds the write-ahead log into the file a little at a time, while the writer has nothing else to do. Left to SQLite it is done by
 * the commit that makes 16 MB full: 10 ms of processor time at once, which the event loop lacks where cores are few, and 20 ms that
 * this commit's callers wait. A writer that always has work is left to SQLite.
 */
export function folding(connection: DatabaseSync): { changed(): void } {
  let due = false;
  const fold = () => {
    due = false;
    try {
      // Waits for no reader: what one still looks at is folded the next time.
      connection.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // Nothing is lost, it is all in the log; a disk that fails says so to the next commit.
    }
  };
  return {
    changed() {
      if (due) return;
      due = true;
      // A timer is heard when the writer has no jobs left.
      setTimeout(fold, everyMs).unref();
    },
  };
}
