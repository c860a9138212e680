import type { Context } from 'aorta';
import { createHash } from 'aorta';
import type { Attachment } from 'aorta/fhir';
import type { LabMessage, Order, Result } from './decode.ts';
import type { Document } from './document.ts';

/** Keeps large bodies; the same bytes give the same reference. */
export interface BlobWriter {
  put(bytes: Buffer): Promise<{ readonly ref: string }>;
}

/** A document as it goes to the canonical store. */
export interface StoredDocument {
  readonly id: string;
  readonly contentType: string;
  readonly size: number;
  /** Where the bytes are; null: in `data`. */
  readonly ref: string | null;
  /** Base64. */
  readonly data: string | null;
  /** As results and reports refer to it. */
  readonly attachment: Attachment;
}

export interface StoredResult extends Omit<Result, 'documents'> {
  readonly documents: readonly StoredDocument[];
}
export interface StoredOrder extends Omit<Order, 'results'> {
  readonly results: readonly StoredResult[];
}
export interface StoredMessage extends Omit<LabMessage, 'orders'> {
  readonly orders: readonly StoredOrder[];
}

/** Documents above this many bytes are not kept as JSON. */
export const inlineBytes = 32 * 1024;

/** Puts large documents into the blob store. Done again after a crash, it changes nothing: references are digests. */
export const storeDocuments =
  (blob: BlobWriter) =>
  async (message: LabMessage, ctx: Context): Promise<StoredMessage> => {
    const orders: StoredOrder[] = [];
    for (const order of message.orders) {
      const results: StoredResult[] = [];
      for (const { documents, ...result } of order.results) {
        const stored: StoredDocument[] = [];
        for (const document of documents) stored.push(await store(document, ctx.key, blob));
        results.push({ ...result, documents: stored });
      }
      orders.push({ ...order, results });
    }
    return { ...message, orders };
  };

async function store({ data, contentType, title }: Document, patientId: string, blob: BlobWriter): Promise<StoredDocument> {
  const small = data.length <= inlineBytes;
  const ref = small ? null : (await blob.put(data)).ref;
  const content = createHash('sha256').update(data).digest('hex');
  const id = `bin-${createHash('sha256')
    .update(JSON.stringify([patientId, content]))
    .digest('hex')
    .slice(0, 32)}`;
  const attachment: Attachment = {
    contentType,
    url: `Binary/${id}`,
    size: data.length,
    hash: createHash('sha1').update(data).digest('base64'),
    ...(title === undefined ? {} : { title }),
  };
  return { id, contentType, size: data.length, ref, data: small ? data.toString('base64') : null, attachment };
}
