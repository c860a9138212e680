import { topic } from 'aorta';

/** One entry to be appended to its patient's list, and what its handler does before. */
export interface Entry {
  readonly id: string;
  /** 1, 2, 3, … within the patient. */
  readonly seq: number;
  /** `''`, `wait <ms>`, `hang`, `throw`, `transient <times>`, `timer <ms>`, `exit`; `garbage`: what is written is no Avro at all. */
  readonly act: string;
  readonly padding: Buffer;
}

export const entrySchema = {
  type: 'record',
  name: 'FaultEntry',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'seq', type: 'long' },
    { name: 'act', type: 'string' },
    { name: 'padding', type: 'bytes' },
  ],
} as const;

/** Topics and flow of one run: runs share brokers and never each other's records. */
export const entryTopic = (run: string) => topic<Entry>(`fault.in.${run}`, entrySchema);
/** The id of each appended entry, as bytes. */
export const appendedTopic = (run: string) => topic<Buffer>(`fault.out.${run}`, null);
export const flowName = (run: string) => `fault-list-${run}`;
