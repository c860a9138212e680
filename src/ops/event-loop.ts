import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Telemetry } from '../telemetry/port.ts';

const quantiles = ['0.5', '0.99', '1'] as const;

/**
 * How late the event loop is: `aorta_event_loop_delay_seconds`, by quantile, over the time since the scrape before. What
 * blocks it holds up every sender, every heartbeat and every patient. The result stops it.
 */
export function measureEventLoop(telemetry: Telemetry): () => void {
  const resolutionMs = 10;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  // The timer behind it is due every 10 ms: that much is no delay.
  const late = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000) : 0);
  const stops = quantiles.map((quantile) =>
    telemetry.sampled('aorta_event_loop_delay_seconds', 'How late the event loop was since the last scrape', { quantile }, () => {
      const value = late(histogram.count === 0 ? 0 : histogram.percentile(Number(quantile) * 100));
      if (quantile === quantiles.at(-1)) histogram.reset();
      return value;
    }),
  );
  return () => {
    for (const stop of stops) stop();
    histogram.disable();
  };
}
