const giveUpMs = 20_000;

/**
 * The stream of live views. Reconnects for ever, sooner at first: EventSource does so by itself after a lost
 * connection, but not after a refusal. A silent connection (a laptop that slept) is taken for lost.
 */
export function watch({ onView, onState }) {
  let source;
  let retry;
  let attempts = 0;
  let heard = 0;

  const connect = () => {
    clearTimeout(retry);
    source?.close();
    source = new EventSource('/api/ops/live');
    heard = Date.now();
    source.addEventListener('open', () => {
      attempts = 0;
      heard = Date.now();
      onState('live');
    });
    source.addEventListener('flows', (event) => {
      heard = Date.now();
      onView(JSON.parse(event.data));
    });
    source.addEventListener('error', () => {
      source.close();
      onState('lost');
      clearTimeout(retry);
      retry = setTimeout(connect, Math.min(10_000, 500 * 2 ** attempts++));
    });
  };
  connect();
  addEventListener('online', connect);
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', (event) => event.persisted && connect());
  return {
    /** Comments keep the connection open but are not seen here: a probe that fails while nothing is heard means lost. */
    check(reached) {
      if (!reached && source.readyState === EventSource.OPEN && Date.now() - heard > giveUpMs) {
        onState('lost');
        connect();
      }
    },
  };
}
