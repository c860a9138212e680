import type tls from 'node:tls';

/** What is wrong with the client's certificate, as a stable name for metrics; undefined: nothing. */
export function certificateReason(socket: tls.TLSSocket, subjects: readonly string[] | undefined): string | undefined {
  if (!socket.authorized) {
    if (Object.keys(socket.getPeerCertificate()).length === 0) return 'certificate-missing';
    return /EXPIRED|NOT_YET_VALID/.test(String(socket.authorizationError)) ? 'certificate-expired' : 'certificate-untrusted';
  }
  return subjects && !subjects.includes(subjectOf(socket) ?? '') ? 'subject-not-allowed' : undefined;
}

/** Why a handshake failed, as a stable name for metrics. */
export function handshakeReason(cause: Error): string {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT') return 'handshake-timeout';
  if (/UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW|NO_SHARED_CIPHER|NO_SUITABLE|ALERT_PROTOCOL_VERSION/.test(code)) return 'protocol';
  // The sender's own check of our certificate failed; it said so.
  if (/ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_|ACCESS_DENIED)/.test(code)) return 'sender-refused';
  if (code.startsWith('ERR_SSL_')) return 'not-tls';
  return 'broken-off';
}

const longest = 64;

/** Common name of the client's certificate, cut and cleaned: who the sender is, for metrics. */
export function subjectOf(socket: tls.TLSSocket): string | undefined {
  const name: string | string[] | undefined = socket.getPeerCertificate().subject?.CN;
  const text = Array.isArray(name) ? name[0] : name;
  return text?.replace(/[^\x20-\x7e]/g, '?').slice(0, longest);
}
