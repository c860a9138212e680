/** Groups of the protocol of KIP-848: DescribeGroups, which is all that kafkajs has, calls them dead. */
import { ConnectionPool, consumerGroupDescribeV0, findCoordinatorV4, findErrorBy } from '@platformatic/kafka';

const ofGroups = 0;

/** Members that own partitions; none of a group that does not exist. */
export async function ownersOf(brokers: readonly string[], groupId: string): Promise<number> {
  const [host = '', port = ''] = (brokers[0] ?? '').split(':');
  const pool = new ConnectionPool('aorta-bench');
  try {
    const any = await pool.get({ host, port: Number(port) });
    const { coordinators } = await findCoordinatorV4.api.async(any, ofGroups, [groupId]);
    const [found] = coordinators;
    if (!found) return 0;
    const { groups } = await consumerGroupDescribeV0.api.async(await pool.get({ host: found.host, port: found.port }), [groupId], false);
    const members = groups[0]?.members ?? [];
    return members.filter(({ assignment }) => assignment.topicPartitions.some(({ partitions }) => partitions.length > 0)).length;
  } catch (thrown) {
    if (findErrorBy(thrown as Error, 'apiId', 'GROUP_ID_NOT_FOUND')) return 0;
    throw thrown;
  } finally {
    await pool.close();
  }
}
