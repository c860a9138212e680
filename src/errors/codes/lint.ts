import type { ErrorSpec } from '../error.ts';

/** Findings of `lint` (src/flow/lint): one file a rule there, one code here. They are reported, and thrown inside AORTA_FLOW_001. */
export const lintErrors = {
  AORTA_LINT_001: {
    class: 'Permanent',
    message: "{operator} '{node}' has no name",
    remedy:
      'Give it one: state, timers, idempotency keys and held envelopes are stored under it, and a derived id changes with its neighbours.',
  },
  AORTA_LINT_002: {
    class: 'Permanent',
    message: "{count} nodes are named '{node}'",
    remedy: "Names are unique in a flow. Two sinks for one topic: to('another-name', topic).",
  },
  AORTA_LINT_003: {
    class: 'Permanent',
    message: "branch '{node}' has no otherwise",
    remedy: "Say what becomes of a value that matches nothing: an operator, or skip('reason').",
  },
  AORTA_LINT_004: {
    class: 'Permanent',
    message: "a path ends at {operator} '{node}', and its result goes nowhere",
    remedy: 'End it with to(), write() or process(), or remove what has no reader.',
  },
  AORTA_LINT_005: {
    class: 'Permanent',
    message: "the path to '{node}' has no effect",
    remedy: "Nothing of it is stored, written or sent. End it with skip('reason') if that is meant.",
  },
  AORTA_LINT_006: {
    class: 'Permanent',
    message: "topic '{topic}' has {count} partitions, the source {source}: not co-partitioned",
    remedy: 'A flow that reads both for one patient needs equal counts. Take the same count unless nothing will.',
  },
  AORTA_LINT_007: {
    class: 'Permanent',
    message: "topic '{topic}' keeps records for {days} days, fewer than 7",
    remedy: 'Seven days are the least that survives a long weekend; the log refuses less.',
  },
  AORTA_LINT_008: {
    class: 'Permanent',
    message: "store '{node}' belongs to {count} process nodes",
    remedy: 'Each store has one writer. Give the second one its own name, or let both branches rejoin before one process node.',
  },
  AORTA_LINT_009: {
    class: 'Permanent',
    message: "topic '{topic}' has no schema",
    remedy: 'Its bytes are forwarded unread: nothing checks that readers understand them. Add an .avsc under schemas/.',
  },
  AORTA_LINT_010: {
    class: 'Permanent',
    message: "the flow writes to its own source '{topic}'",
    remedy: 'Each record would make another one, for ever. Write to a topic of its own.',
  },
  AORTA_LINT_011: {
    class: 'Permanent',
    message: 'flows feed each other in a circle: {circle}',
    remedy: 'One record may go round for ever. Break the circle, or make sure a filter ends it and say so here.',
  },
  AORTA_LINT_012: {
    class: 'Permanent',
    message: "deadline of '{node}' is {deadline} ms, over the session time-out of {limit} ms",
    remedy:
      'A call that outlives the session may be made by two owners. Shorten it, raise the session time-out, or say readOnly where that changes nothing.',
  },
  AORTA_LINT_013: {
    class: 'Permanent',
    message: '{order} order and the rule for {errorClass} ({last}) contradict each other',
    remedy: "Dead letters let later records of a patient overtake: they need order: 'tolerant'. With park for all, say 'strict'.",
  },
  AORTA_LINT_014: {
    class: 'Permanent',
    message: "table '{table}' is declared in two ways",
    remedy: 'Declare it once with table() and import it.',
  },
  AORTA_LINT_015: {
    class: 'Permanent',
    message: "supervision has a rule for '{errorClass}', which is no class that it decides",
    remedy: 'Decode, Permanent, Transient, Overload, Defect. Fenced and Cancelled have no rule: their turn is discarded.',
  },
  AORTA_LINT_016: {
    class: 'Permanent',
    message: '{errorClass} failures are skipped: effects are at most once',
    remedy: 'They pass by themselves or by a repair: park the patient instead, unless losing the record is meant.',
  },
  AORTA_LINT_017: {
    class: 'Permanent',
    message: "topic '{topic}' is declared in two ways",
    remedy: 'Declare it once with topic() and import it.',
  },
  AORTA_LINT_018: {
    class: 'Permanent',
    message: "table '{table}': {problem}",
    remedy:
      'The key and indexes name columns of the table; key columns are never null; source_event, source_flow and source_version are ours.',
  },
  AORTA_LINT_019: {
    class: 'Permanent',
    message: '{errorClass} failures are tried again',
    remedy: 'The same record fails in the same way: only the patient waits longer. Leave retry out of that rule.',
  },
  AORTA_LINT_020: {
    class: 'Permanent',
    message: "the flow writes to '{topic}', which belongs to the engine",
    remedy: 'Topics ending in .parked and .dlq are written by the engine only.',
  },
  AORTA_LINT_021: {
    class: 'Permanent',
    message: "nothing reaches {operator} '{node}'",
    remedy: 'All branches before it end in a sink or a skip.',
  },
  AORTA_LINT_022: {
    class: 'Permanent',
    message: 'deadlines on one path add up to {deadline} ms, over the rebalance time-out of {limit} ms',
    remedy: 'A turn that is running when partitions move is cut off at that time and run again. Shorten the deadlines.',
  },
  AORTA_LINT_023: {
    class: 'Permanent',
    message: "actor of '{node}': {problem}",
    remedy: 'version is a whole number from 1 up; from 2 on, migrate(stored, fromVersion) reads what older versions stored.',
  },
  AORTA_LINT_024: {
    class: 'Permanent',
    message: "actor of '{node}' has no {missing}, and '{topic}' carries merges of patients",
    remedy: 'Give the actor merge(state, merged, ctx) and unmerge(state, merged, ctx): what two states together are, and how they part.',
  },
  AORTA_LINT_025: {
    class: 'Permanent',
    message: "'{node}' may wait behind an actor, and '{topic}' carries merges of patients",
    remedy: 'Put asynchronous operators before the actor, or behind a topic that the flow writes.',
  },
  AORTA_LINT_040: {
    class: 'Permanent',
    message: "merged topic '{topic}' has {count} partitions, '{first}' has {expected}: not co-partitioned",
    remedy: 'A patient has one owner over all sources: give the topics the same count, or copy one into a topic that has it.',
  },
  AORTA_LINT_041: {
    class: 'Permanent',
    message: "keys of merged topic '{topic}' name a {kind}, those of '{first}' a {expected}",
    remedy: 'A flow has one turn at a time per key: rekey() one of them into a topic with the keys of the other.',
  },
  AORTA_LINT_042: {
    class: 'Permanent',
    message: "'{node}' has a lane '{lane}', a name that is taken",
    remedy: "What waits in a lane is stored under its label: labels of independent lanes are unique in a flow, and not 'main'.",
  },
  AORTA_LINT_043: {
    class: 'Permanent',
    message: "'{node}' makes lanes inside a lane",
    remedy: 'Give all of them to one tee, or put a topic between.',
  },
  AORTA_LINT_044: {
    class: 'Permanent',
    message: "keys of '{topic}' name a {kind}, and to() keeps the source's, which name a {source}",
    remedy: 'Use rekey(fn, topic), which gives the new key, or declare the topic with the key that it gets.',
  },
  AORTA_LINT_045: {
    class: 'Permanent',
    message: "flow {reader} reads '{topic}' as keyed by {expected}, and this flow writes it keyed by {kind}",
    remedy: 'Declare the topic once with topic() and import it; the reader has one turn at a time per key.',
  },
  AORTA_LINT_046: {
    class: 'Permanent',
    message: "actor '{node}' is in an independent lane, and '{topic}' carries merges of patients",
    remedy: 'Put the actor before the tee, or into a flow of its own behind a topic.',
  },
  AORTA_LINT_047: {
    class: 'Permanent',
    message: "{operator} '{node}' stands behind a batch",
    remedy: 'A failure there would send the item again. Put it before the batch, or into a lane or a topic behind it.',
  },
  AORTA_LINT_050: {
    class: 'Permanent',
    message: "call '{node}' has no idempotency key",
    remedy:
      "After a crash it is made again. Send ctx.idempotencyKey and say key: 'derived' (or give a key of the record's own); if a repetition does no harm, duplicates: 'acceptable'.",
  },
  AORTA_LINT_051: {
    class: 'Permanent',
    message: "{operator} '{node}' guards target '{target}', which nothing in this flow reaches",
    remedy: 'Name the target of a call() or enrich() of this flow, or remove it: it would guard nothing.',
  },
  AORTA_LINT_052: {
    class: 'Permanent',
    message: "target '{target}' is declared in two ways",
    remedy: 'Declare it once with defineTarget() and import it; one rateLimit() and one breaker() for it at most.',
  },
  AORTA_LINT_053: {
    class: 'Permanent',
    message: "enrich '{node}' seems to write ({method})",
    remedy: 'What it reads is cached, shared and repeated: a write belongs in call(). A search by POST is fine; say so beside it.',
  },
  AORTA_LINT_054: {
    class: 'Permanent',
    message: "call '{node}' may run {deadline} ms, and the session time-out is {limit} ms: it would never be made",
    remedy: 'Another worker could own the patient before the call ends. Shorten its deadline, or raise the session time-out.',
  },
  AORTA_LINT_055: {
    class: 'Permanent',
    message: "call '{node}' and target '{target}' do not agree on a fallback: {problem}",
    remedy: "Give the call a fallback and the target onOpen: 'fallback', or neither.",
  },
  AORTA_LINT_056: {
    class: 'Permanent',
    message: "{operator} '{effect}' stands before dedupe '{node}': duplicates reach it",
    remedy: 'Put dedupe first: only what follows it is kept from being repeated.',
  },
} as const satisfies Record<string, ErrorSpec>;
