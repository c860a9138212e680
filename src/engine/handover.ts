import { deserialize, serialize } from 'node:v8';
import { error } from '../errors/index.ts';
import type { HeldRow } from '../state/port.ts';
import type { Lane } from './lane.ts';
import type { Root } from './root.ts';

/** An input of an independent lane, written by the turn that made it. */
export interface Handover {
  readonly lane: Lane;
  readonly row: HeldRow;
}

/** Inputs keep what JSON would lose (bytes, dates, big integers); what cannot be stored fails the turn (AORTA_FLOW_022). */
export function inputBytes(node: string, lane: string, value: unknown): Buffer {
  try {
    return serialize(value);
  } catch {
    // Its message may quote the value.
    throw error('AORTA_FLOW_022', { node, lane });
  }
}

export const inputValue = (bytes: Buffer): unknown => deserialize(bytes);

/**
 * The input as a row of the lane's held list: order, retries, parking and restart are that list's, and its removal in the
 * transaction of the lane's turn is the lane's applied set. `nth` of this turn and lane: ids stay different and the same
 * in every repetition.
 */
export function handover(from: Lane, root: Root, node: string, name: string, value: Buffer, nth: number): Handover {
  const lane = from.lanes.get(name);
  if (!lane) throw error('AORTA_ENGINE_031', { flow: from.ref.flow, lane: name });
  const { slabs } = from;
  const traceparent = root.headers['traceparent'];
  const row: HeldRow = {
    key: root.key,
    seq: lane.held.nextSeq(),
    offset: root.offset,
    timestamp: root.timestamp,
    eventId: nth === 0 ? root.eventId : `${root.eventId}:${name}:${nth}`,
    recordKey: slabs.ownKeyBytes(root.recordKey),
    value: slabs.own(value),
    headers: traceparent === undefined ? {} : slabs.ownHeaders({ traceparent }),
    resume: `lane:${name}`,
    attempt: 1,
    due: 0,
    reason: 'lane',
    errorClass: null,
    errorCode: null,
    operator: node,
    redrives: 0,
  };
  return { lane, row };
}
