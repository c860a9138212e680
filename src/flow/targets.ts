import type { Target } from '../guard/target.ts';
import type { FlowNode, Json } from './operator.ts';

/** What a node of kind `call` or `enrich` reaches. */
export const targetOf = ({ spec, impl }: FlowNode): Target | undefined =>
  spec.kind === 'call' || spec.kind === 'enrich' ? (impl.target as Target | undefined) : undefined;

/** What a node of kind `rateLimit` or `breaker` sets, of which target. */
export const settingsOf = ({ spec, impl }: FlowNode): { readonly target: Target; readonly set: Partial<Target> } | undefined =>
  spec.kind === 'rateLimit' || spec.kind === 'breaker' ? (impl as { target: Target; set: Partial<Target> }) : undefined;

/** The targets of a flow by name, with what its guards set. `lint` refuses a name with two meanings. */
export function targetsOf(nodes: readonly FlowNode[]): readonly Target[] {
  const targets = new Map<string, Target>();
  for (const node of nodes) {
    const target = targetOf(node);
    if (target && !targets.has(target.name)) targets.set(target.name, target);
  }
  for (const node of nodes) {
    const settings = settingsOf(node);
    const target = settings && targets.get(settings.target.name);
    if (target) targets.set(target.name, { ...target, ...settings.set });
  }
  return [...targets.values()];
}

/** The whole declaration: whatever changes what the flow does is part of its graph. */
export const targetJson = (target: Target): Json => ({
  ...target,
  breaker: { ...target.breaker },
  limiter: target.limiter && { ...target.limiter },
});
