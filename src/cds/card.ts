import type { Resource } from './hooks.ts';

/** CDS Hooks 2.0, "CDS Service Response". */
export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}
export interface Source {
  readonly label: string;
  readonly url?: string;
  readonly icon?: string;
  readonly topic?: Coding;
}
export interface Action {
  readonly type: 'create' | 'update' | 'delete';
  readonly description: string;
  /** The whole resource, for create and update. */
  readonly resource?: Resource | (Readonly<Record<string, unknown>> & { readonly resourceType: string });
  /** `Type/id`, for delete. */
  readonly resourceId?: string;
}
export type SystemAction = Omit<Action, 'description'> & { readonly description?: string };
export interface Suggestion {
  readonly label: string;
  readonly uuid?: string;
  readonly isRecommended?: boolean;
  readonly actions?: readonly Action[];
}
export interface Link {
  readonly label: string;
  readonly url: string;
  readonly type: 'absolute' | 'smart';
  /** Only with `smart`. */
  readonly appContext?: string;
}
export interface Card {
  readonly uuid?: string;
  /** Below 140 characters. */
  readonly summary: string;
  /** GitHub Flavored Markdown. */
  readonly detail?: string;
  readonly indicator: 'info' | 'warning' | 'critical';
  readonly source: Source;
  readonly suggestions?: readonly Suggestion[];
  readonly selectionBehavior?: 'at-most-one' | 'any';
  /** Each with a display. */
  readonly overrideReasons?: readonly Coding[];
  readonly links?: readonly Link[];
}
