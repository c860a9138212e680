import { closeSync, openSync, writeSync } from 'node:fs';
import { actor, branch, effect, flow, map, mapAsync, process, table, to, write } from 'aorta';
import { appendedTopic, type Entry, entryTopic, flowName } from '../../entry.ts';
import { type OutsideOptions, outside } from '../../outside.ts';

/**
 * The flow that the fault suite watches: each record is appended to its patient's list, as rows that can only be added.
 * Nothing in it hides a fault: the row's key is drawn anew for each run of the handler, so what is applied twice stands
 * there twice; the position comes from the state, the row's second half is a table of its own, so what is torn shows.
 *
 * The record says what its handler does, so that a load can hold slow, hanging, failing and fatal ones.
 */
const { env, pid } = globalThis.process;
const run = env['FAULT_RUN'] ?? 'unnamed';
const owner = `${pid}-${Math.random().toString(36).slice(2)}`;

interface Row {
  run: string;
  patient: string;
  pos: number;
  seq: number;
  event_id: string;
  source_partition: number;
  source_offset: number;
  intended_at: number;
  owner: string;
  /** Set by a trigger of the suite, in the transaction that adds the row: the lane's epoch, and the time. */
  epoch: number | null;
  applied_at: number | null;
}

const list = table<Row>('fault_list', {
  columns: {
    run: { type: 'text' },
    patient: { type: 'text' },
    pos: { type: 'integer' },
    seq: { type: 'integer' },
    event_id: { type: 'text' },
    source_partition: { type: 'integer' },
    source_offset: { type: 'integer' },
    intended_at: { type: 'timestamp' },
    owner: { type: 'text' },
    epoch: { type: 'integer', nullable: true },
    applied_at: { type: 'timestamp', nullable: true },
  },
  key: ['run'],
});
const half = table<{ run: string; event_id: string }>('fault_half', {
  columns: { run: { type: 'text' }, event_id: { type: 'text' } },
  key: ['run'],
});

/** Every run of the handler, also of turns that never became durable: one line each, kept by the suite's folder. */
const seen = env['FAULT_SEEN'] ? openSync(`${env['FAULT_SEEN']}/${owner}`, 'a') : undefined;
globalThis.process.once('exit', () => seen !== undefined && closeSync(seen));

const pos = actor({
  version: 1,
  initial: () => ({ length: 0 }),
  receive(state, entry: Entry, ctx) {
    if (seen !== undefined) writeSync(seen, `${entry.id}\n`);
    const at = state.length + 1;
    const row: Row = {
      run: crypto.randomUUID(),
      patient: ctx.key,
      pos: at,
      seq: entry.seq,
      event_id: entry.id,
      source_partition: ctx.source.partition,
      source_offset: ctx.source.offset,
      intended_at: ctx.now,
      owner,
      epoch: null,
      applied_at: null,
    };
    const [what, amount] = entry.act.split(' ');
    const timers = what === 'timer' ? [{ name: entry.id, at: ctx.now + Number(amount) }] : [];
    return { state: { length: at }, emit: [row], timers };
  },
  timer(state, { name }) {
    if (seen !== undefined) writeSync(seen, `timer ${name}\n`);
    return { state, emit: [], skip: 'a timer' };
  },
});

/** The handler's own trouble, before anything is decided. */
async function act(entry: Entry, ctx: { readonly signal: AbortSignal; readonly attempt: number }): Promise<Entry> {
  const [what, amount = '0'] = entry.act.split(' ');
  if (what === 'wait') await new Promise((resolve) => setTimeout(resolve, Number(amount)));
  // A handler that forgets its signal.
  if (what === 'hang') await new Promise(() => {});
  if (what === 'throw') throw new TypeError(`the handler does not like ${entry.padding.toString('latin1')}`);
  if (what === 'transient' && ctx.attempt <= Number(amount)) {
    throw new DOMException('the partner is away', 'AbortError');
  }
  if (what === 'exit') globalThis.process.exit(70);
  return entry;
}

export default flow(flowName(run))
  .from(entryTopic(run))
  .pipe(
    outside(JSON.parse(env['FAULT_OUTSIDE'] ?? '{}') as OutsideOptions),
    branch('act', {
      plain: [(entry) => entry.act === '', map((entry: Entry) => entry)],
      otherwise: mapAsync('trouble', act, {
        readOnly: true,
        ...(env['FAULT_DEADLINE'] ? { deadlineMs: Number(env['FAULT_DEADLINE']) } : {}),
      }),
    }),
    process('list', pos),
    write('rows', {
      tables: [list, half],
      effects: (row) => [effect.insert(list, row), effect.insert(half, { run: row.run, event_id: row.event_id })],
    }),
    map((row) => Buffer.from(row.event_id)),
    to(appendedTopic(run)),
  );
