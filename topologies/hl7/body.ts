import { error } from 'aorta';

/** Where bodies above 256 KiB are. */
export interface BlobReader {
  get(ref: string): Promise<Buffer>;
}

export const noBlobs: BlobReader = { get: () => Promise.reject(new Error('no blob store was given')) };

/** What the records of `hl7.adt` and `hl7.oru` have in common: the message's bytes, or where they are. */
export interface Body {
  readonly raw: Buffer | null;
  readonly blobRef: string | null;
}

export const isInline = (record: Body): boolean => record.raw !== null;

export const fetchBody =
  (blob: BlobReader) =>
  async <R extends Body>(record: R): Promise<R> => {
    if (record.blobRef === null) throw error('AORTA_HL7_001', { problem: 'the record has neither bytes nor a reference to them' });
    return { ...record, raw: await blob.get(record.blobRef) };
  };
