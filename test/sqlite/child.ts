import { writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { systemClock } from '../../src/clock/system.ts';
import { createSqliteLog } from '../../src/log/sqlite/log.ts';
import { openDatabase } from '../../src/sqlite/database.ts';
import { createSqliteState } from '../../src/state/sqlite/state.ts';

/**
 * A process for the tests to kill. `hold` keeps the directory; `write` appends and commits groups as fast as it can and
 * prints `a <id> <partition> <offset>` and `g <group>` only for what was acknowledged.
 */
const [dir, mode] = process.argv.slice(2) as [string, 'hold' | 'write'];
const database = openDatabase({ dir });
// Not process.stdout: an asynchronous pipe could lose lines of things that were acknowledged; that is allowed, but weakens the test.
const print = (line: string) => void writeSync(1, `${line}\n`);

if (mode === 'hold') {
  // The lock must not depend on anybody's reference to the database: the garbage collector would give it away.
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  setTimeout(() => {
    collectGarbage();
    setTimeout(() => print('held'), 50);
  }, 50);
  setInterval(() => {}, 1000);
} else {
  const log = createSqliteLog({ database, clock: systemClock });
  const state = createSqliteState({ database });
  await log.ensureTopics([{ name: 'adt', partitions: 3, retentionMs: 7 * 86_400_000 }]);
  const lane = { flow: 'f', lane: 'main', topic: 'adt', partition: 0 };
  const claimed = await state.claim(lane, 3);
  print('ready');
  let id = (await log.ends('adt')).reduce((sum, { end }) => sum + end, 0) * 1000;

  const appending = async () => {
    for (;;) {
      const own = ++id;
      const [at] = await log.append([
        {
          topic: 'adt',
          key: `p${own % 7}`,
          value: Buffer.alloc(own % 50 === 0 ? 300_000 : 500, own % 251),
          headers: { eventId: String(own) },
        },
      ]);
      print(`a ${own} ${at?.partition} ${at?.offset}`);
    }
  };
  const committing = async () => {
    for (let group = claimed.group + 1; ; group++) {
      const value = Buffer.from(String(group));
      const source = { eventId: String(group), flowHash: 'h', version: '1' };
      await state.transact([
        {
          lane,
          epoch: claimed.epoch,
          group,
          applied: { watermark: group, runs: [], hops: {} },
          sentThrough: group - 1,
          states: ['one', 'two'].map((key) => ({ store: 's', key, value, version: 1, source })),
          effects: [],
          timers: [],
          outbox: [{ topic: 'adt', partition: 0, key: 'k', value, headers: {}, timestamp: group }],
          held: [],
          suspects: [],
          redrivesDone: [],
        },
      ]);
      print(`g ${group}`);
    }
  };
  await Promise.all([appending(), appending(), appending(), committing()]);
}
