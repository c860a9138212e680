import type { ErrorSpec } from '../error.ts';

export const engineErrors = {
  AORTA_ENGINE_001: {
    class: 'Defect',
    message: 'More settlements than children in flow {flow} at {operator}.',
    remedy: 'A defect of an operator: report it with the flow graph.',
  },
  AORTA_ENGINE_002: {
    class: 'Defect',
    message:
      'Flow {flow} lost {pending} acknowledgement(s) at {operator}: its step ended with children unsettled, {ageMs} ms after it began.',
    remedy: 'A defect of an operator, or an rx() operator that swallows records: report it with the flow graph.',
  },
  AORTA_ENGINE_003: {
    class: 'Transient',
    message: '{operator} of flow {flow} took longer than its deadline of {deadlineMs} ms.',
    remedy: 'The patient waits and is tried again. Declare a longer deadlineMs if the work really takes that long.',
  },
  AORTA_ENGINE_004: {
    class: 'Cancelled',
    message: 'The turn of flow {flow} was discarded ({reason}).',
    remedy: 'Nothing to do: its partition moved or the worker stops; the record is processed again by its owner.',
  },
  AORTA_ENGINE_005: {
    class: 'Permanent',
    message: 'Partition {topic}/{partition} of flow {flow} is refused: applied watermark {watermark} is above the end of the log {end}.',
    remedy: 'The topic was truncated or created anew. Restore the log, or reset the flow with an audited `aorta replay`.',
  },
  AORTA_ENGINE_006: {
    class: 'Permanent',
    message: 'Partition {topic}/{partition} of flow {flow} is refused: the topic has {now} partitions, the flow began with {before}.',
    remedy: 'A changed partition count moves patients. Migrate to a new topic with the new count.',
  },
  AORTA_ENGINE_007: {
    class: 'Defect',
    message: 'The record at offset {offset} of {topic}/{partition} ended the process of flow {flow} {attempts} times; it is parked.',
    remedy: 'Look at the parked record; redrive it when the handler is mended.',
  },
  AORTA_ENGINE_008: {
    class: 'Permanent',
    message: 'The emission to {topic} of flow {flow} has {size} bytes; the limit is {limit}.',
    remedy: 'Put large bodies through Blob and emit the reference.',
  },
  AORTA_ENGINE_009: {
    class: 'Permanent',
    message: 'The graph of flow {flow} does not pass the lint: {problem}.',
    remedy: 'Run `aorta check`: it shows every finding with its position.',
  },
  AORTA_ENGINE_010: {
    class: 'Decode',
    message: 'The record at offset {offset} of {topic}/{partition} has no patient key.',
    remedy: 'The producer must set the key to the patient id; records of outsiders pass a resolve-and-rekey step first.',
  },
  AORTA_ENGINE_011: {
    class: 'Fenced',
    message: 'Partition {topic}/{partition} of flow {flow} has a newer owner than epoch {epoch}.',
    remedy: 'Nothing to do: the newer owner goes on; this worker gave the partition up.',
  },
  AORTA_ENGINE_012: {
    class: 'Permanent',
    message: 'State of {store} has version {stored}, the flow knows {known} and has no migration from it.',
    remedy: 'Add `migrate` to the actor, or deploy the version that wrote it.',
  },
  AORTA_ENGINE_013: {
    class: 'Permanent',
    message: 'Flow {flow} stopped at offset {offset} of {topic}/{partition}, as its supervision says: {problem}.',
    remedy: 'Mend the cause and restart the worker; the partition continues at this record.',
  },
  AORTA_ENGINE_014: {
    class: 'Defect',
    message: 'Flow {flow} cannot merge patients: {store} is followed by an asynchronous operator.',
    remedy: 'Put the asynchronous operator before the actor, or behind a topic of its own.',
  },
  AORTA_ENGINE_015: {
    class: 'Defect',
    message: 'An envelope of flow {flow} was forwarded {forwards} times between merged patients.',
    remedy: 'The links of these patients form a circle: look at both with `aorta why`, and unmerge one.',
  },
  AORTA_ENGINE_016: {
    class: 'Permanent',
    message: 'The log refuses what flow {flow} emits from {topic}/{partition}, for good: {problem}.',
    remedy: 'Mend the cause (rights, a deleted topic) and restart the worker: what is owed is produced first.',
  },
  AORTA_ENGINE_017: {
    class: 'Permanent',
    message: 'The dead-letter brake of flow {flow} is on ({reason}): {deadLetters} dead letters of {records} records.',
    remedy: 'Look at `aorta dlq ls`, mend the cause, then release it with `aorta dlq release`. Nothing of the flow starts before.',
  },
  AORTA_ENGINE_018: {
    class: 'Defect',
    message: '{operator} of flow {flow} still runs after it was aborted at its deadline.',
    remedy: 'Give `ctx.signal` to everything that it waits for. Its patient is held and tried again; the old call may still have effects.',
  },
  AORTA_ENGINE_019: {
    class: 'Permanent',
    message: 'The envelope stays parked: an operator redrove only the one before it (single).',
    remedy: 'Look at what the one before it did, then redrive the patient.',
  },
  AORTA_ENGINE_020: {
    class: 'Permanent',
    message: 'Partition {topic}/{partition} of flow {flow} is refused: the record at offset {offset} is not the one that was read there.',
    remedy: 'The topic was deleted and made anew. Restore the log, or reset the flow with an audited `aorta replay`.',
  },
  AORTA_ENGINE_030: {
    class: 'Permanent',
    message: 'Sources of flow {flow} are not co-partitioned: {first} has {expected} partitions, {topic} has {count}.',
    remedy: 'A patient has one owner over all sources: give the topics the same count, or copy one into a topic that has it.',
  },
  AORTA_ENGINE_031: {
    class: 'Permanent',
    message: 'Flow {flow} has no lane {lane} to take this input.',
    remedy: 'The lane was renamed or removed: deploy the version that has it, or discard the input.',
  },
  AORTA_ENGINE_032: {
    class: 'Permanent',
    message: 'The first envelope of the patient in flow {flow} is not the one that the request names ({asked}).',
    remedy: 'It was released or discarded meanwhile. Look at the patient again (`aorta parked show`) and decide about what is first now.',
  },
} as const satisfies Record<string, ErrorSpec>;
