import {
  type Actor,
  branch,
  effect,
  type Flow,
  filter,
  flow,
  map,
  mapAsync,
  pipe,
  skip,
  process as stateful,
  table,
  to,
  topic,
  write,
} from 'aorta';
import { type Hl7Adt, hl7AdtSchema } from '../../../schemas/generated/hl7-adt.ts';
import { outputOf, type Task } from '../../contract/task.ts';
import { call, callTime, chainLength, transform } from '../../work/event.ts';
import { folded, type PatientState, summary, unseen } from '../../work/fold.ts';

interface EffectRow {
  readonly patient: string;
  readonly seq: number;
  readonly event_id: string;
  readonly occurred_at: number;
  readonly sender: string;
}

const effects = table<EffectRow>('bench_effect', {
  columns: {
    patient: { type: 'text' },
    seq: { type: 'integer' },
    event_id: { type: 'text' },
    occurred_at: { type: 'timestamp' },
    sender: { type: 'text' },
  },
  key: ['patient', 'seq'],
});

const states: Actor<PatientState, Hl7Adt, Hl7Adt> = {
  version: 1,
  initial: () => unseen,
  receive(state, event) {
    const next = folded(state, event);
    return { state: next, emit: [{ ...transform(event), profile: summary(next) }] };
  },
};

/** One flow, or as many as the task asks for, each with an input of its own. */
export const flowsOf = (task: Task): readonly Flow<unknown>[] =>
  task.flows === undefined
    ? [flowOf(task)]
    : Array.from({ length: task.flows }, (_, i) =>
        flowOf({ ...task, name: task.flows === 1 ? task.name : `${task.name}-${i}`, input: `${task.input}.${i}` }),
      );

/** The flows as a user would write them. */
function flowOf(task: Task): Flow<unknown> {
  const { name, input, partitions, callMs } = task;
  const topicOf = (topicName: string) => topic<Hl7Adt & object>(topicName, hl7AdtSchema, { partitions });
  const source = flow(name).from(topicOf(input));
  const out = () => to(topicOf(outputOf(task)));
  switch (task.work) {
    case 'map':
      return changes(source, task.operators ?? 1).pipe(out());
    case 'chain':
      return changes(source, chainLength).pipe(out());
    case 'route': {
      const labelled = (label: string) => to(topicOf(task.outputs[label] ?? ''));
      return source.pipe(
        filter('movement', ({ event }) => event !== 'A08'),
        map(transform),
        branch('trigger', {
          admission: [({ event }: Hl7Adt) => event === 'A01', pipe(labelled('admissions'))],
          transfer: [({ event }: Hl7Adt) => event === 'A02', pipe(labelled('transfers'))],
          discharge: [({ event }: Hl7Adt) => event === 'A03', pipe(labelled('discharges'))],
          otherwise: skip('another-trigger'),
        }),
      );
    }
    case 'fold':
      return source.pipe(stateful('patient', states), out());
    case 'call':
      return source.pipe(
        mapAsync('call', async (event) => {
          await call(callTime(event, callMs));
          return transform(event);
        }),
        out(),
      );
    case 'effect':
      return source.pipe(
        write('effect', {
          tables: [effects],
          effects: (event) =>
            effect.insert(effects, {
              patient: event.patientId,
              seq: Number(event.controlId),
              event_id: event.eventId,
              occurred_at: event.occurredAt,
              sender: event.sender,
            }),
        }),
      );
  }
}

/** The same change so many times: what an operator more costs. */
function changes(source: Flow<Hl7Adt>, count: number): Flow<Hl7Adt> {
  const changed = source.pipe(map(transform));
  return count <= 1 ? changed : changes(changed, count - 1);
}
