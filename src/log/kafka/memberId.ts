/** A join request (version 5) without a member id: the coordinator answers with a new one, and lets it wait for nobody. */
import { Encoder, type ProtocolPair } from './internals.ts';
import { code, Reader } from './protocol.ts';

export interface NewMember {
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly { readonly name: string; readonly metadata: Buffer }[];
}

/** `null`: the coordinator gave none (it is loading, it has moved); the join that follows finds out and says so. */
export function memberIdRequest({ group, sessionTimeoutMs, rebalanceTimeoutMs, protocols }: NewMember): ProtocolPair<string | null> {
  return {
    request: {
      apiKey: 11,
      apiVersion: 5,
      apiName: 'JoinGroup',
      async encode() {
        const encoder = new Encoder(512)
          .writeString(group)
          .writeInt32(sessionTimeoutMs)
          .writeInt32(rebalanceTimeoutMs)
          .writeString('')
          .writeString(null)
          .writeString('consumer')
          .writeInt32(protocols.length);
        for (const { name, metadata } of protocols) encoder.writeString(name).writeInt32(metadata.length).writeBuffer(metadata);
        return encoder;
      },
    },
    response: {
      async decode(data) {
        const reader = new Reader(data);
        const clientSideThrottleTime = reader.int32();
        const errorCode = reader.int16();
        reader.at += 4; // generation
        reader.text(); // protocol
        reader.text(); // leader
        return { memberId: reader.text(), errorCode, clientSideThrottleTime };
      },
      async parse(decoded) {
        const { memberId, errorCode } = decoded as { memberId: string; errorCode: number };
        return errorCode === code.memberIdRequired || errorCode === code.none ? memberId : null;
      },
    },
  };
}
