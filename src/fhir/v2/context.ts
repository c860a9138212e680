/** What the mapping needs to know besides the message. */
export interface MappingContext {
  /** Zone of times that carry no offset: IANA name or `+05:30`. */
  readonly zone: string;
  /** Identifier systems of assigning authorities known by namespace only. */
  readonly systems?: Readonly<Record<string, string>>;
  /**
   * What senders mean by AL1-4: how bad the reaction was, or how dangerous the allergy is (the map leaves it to the
   * implementer). @default 'severity'
   */
  readonly allergySeverity?: 'severity' | 'criticality';
}
