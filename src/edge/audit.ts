import type { FastifyRequest } from 'fastify';
import type { AuditNote } from './access.ts';
import type { EdgeOptions } from './options.ts';

const watchMs = 60_000;

export interface AuditTrail {
  /** Durable when resolved. `withinMs`: so long it may wait for others, to be written with them. */
  used(request: FastifyRequest, note: AuditNote, watched: boolean, withinMs?: number): Promise<void>;
  denied(request: FastifyRequest): Promise<void>;
}

/** Writes requests into the audit chain: the route's template, never its URL. */
export function auditTrail({ audit, clock }: Pick<EdgeOptions, 'audit' | 'clock'>): AuditTrail {
  /** When a watched route was last recorded, by actor and target. */
  const watching = new Map<string, number>();

  const append = (request: FastifyRequest, outcome: 'success' | 'denied', note: AuditNote, withinMs?: number) =>
    audit.append(
      {
        at: clock.now(),
        actor: request.actor.id,
        action: note.action,
        target: `${request.method} ${request.routeOptions.url ?? ''}`,
        outcome,
        // Whatever a caller writes in the place of an id stays out of the chain, unless it looks like one.
        ...(note.patientId !== undefined && /^[\w.-]{1,64}$/.test(note.patientId) ? { patientId: note.patientId } : {}),
        ...(note.details ? { details: note.details } : {}),
      },
      withinMs,
    );

  return {
    async used(request, note, watched, withinMs) {
      if (!watched) return append(request, 'success', note, withinMs);
      const key = `${request.actor.id} ${request.method} ${request.routeOptions.url}`;
      const now = clock.now();
      const last = watching.get(key);
      if (last !== undefined && now - last < watchMs && now >= last) return;
      await append(request, 'success', { ...note, details: { ...note.details, watching: true } });
      for (const [old, at] of watching) if (now - at >= watchMs) watching.delete(old);
      watching.set(key, now);
    },
    denied: (request) => append(request, 'denied', { action: 'denied' }),
  };
}
