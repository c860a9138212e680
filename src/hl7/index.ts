/**
 * HL7 v2 (ER7): reading, checking, acknowledging. Pure: bytes in, values out. `aorta/hl7` is this file.
 *
 * ```ts
 * const message = parse(bytes);
 * message.text('PID-5.1');                  // decoded in the message's charset, unescaped
 * message.get('PID-7').state;               // absent | empty | null (`""`: delete) | value
 * identifiersOf(message.field('PID', 3));   // [{ system: 'urn:oid:…', value: '…' }]
 * ```
 * Nothing that a field holds makes it throw. Costs follow what is read, not the message's size.
 */
export { type Ack, type AckCode, type AckError, buildAck, isAck } from './ack.ts';
export { type AckCondition, type AckRequest, ackRequest, acksDue, type Outcome, refusedAtHeader } from './ack-mode.ts';
export { type BatchMessage, type BatchPart, type BatchSegment, batchHeader, batchParts, mayBeBatch } from './batch.ts';
export { type BatchAck, buildBatchAck, faultOf } from './batch-ack.ts';
export { type Batch, type BatchFile, batchFile } from './batch-structure.ts';
export { ascii, type Charset, charsetOf, charsetOfField, latin1, utf8 } from './charset.ts';
export { type Condition, conditions } from './condition.ts';
export { type Delimiters, defaultDelimiters } from './delimiters.ts';
export { contentDigest } from './digest.ts';
export { Element, type State } from './element.ts';
export { edit, encode } from './encode.ts';
export { escapeText, unescapeText } from './escape.ts';
export { type Finding, type FindingCode, finding, isFindingCode, type Location, placeText } from './finding.ts';
export { type IdentifierSystems, identifiersOf, type SystemValue, systemOf } from './identifier.ts';
export { type MergeFacts, mergeEvents, readMerge } from './merge.ts';
export { Message, type ParseOptions, parse, parseInTurns, salvage } from './message.ts';
export { oruEvents, readOru } from './oru.ts';
export { type Path, type PathText, parsePath } from './path.ts';
export * from './profile/index.ts';
export { Segment } from './segment.ts';
export { atOnce, inTurns, type Sliced } from './sliced.ts';
export { instantOf, type Precision, parseTimestamp, type Timestamp, timestampText } from './timestamp.ts';
export { type AdtFacts, type AdtRules, adtEvents, readAdt, typeOf, validateCharset, validateHeader } from './validate.ts';
export { checkZone } from './zone.ts';
