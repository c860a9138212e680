import net from 'node:net';
import { error } from '../../errors/index.ts';

const loopback = new net.BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

/** Throws AORTA_MLLP_009 unless nobody but this machine can reach the address. A name other than `localhost` may point anywhere. */
export function refusePlaintext(host: string): void {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  const family = net.isIP(name);
  if (name === 'localhost' || (family !== 0 && loopback.check(name, family === 6 ? 'ipv6' : 'ipv4'))) return;
  throw error('AORTA_MLLP_009', { host });
}
