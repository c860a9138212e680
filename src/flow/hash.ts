import { canonicalJson, sha256 } from './canonical.ts';
import type { Flow } from './flow.ts';
import { type FlowGraph, graphOf } from './graph.ts';

/**
 * SHA-256 (hex) of a flow's structure, names, options and schema fingerprints; no function bodies, no positions in files.
 * It is in logs, dead-letter headers and every row's `source_flow`: what runs is what was reviewed.
 */
export const hash = (of: Flow<unknown> | FlowGraph): string => sha256(canonicalJson('format' in of ? of : graphOf(of)));
