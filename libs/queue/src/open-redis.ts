import { Redis, type RedisOptions } from 'ioredis';
import { ClusterNode } from './cluster-node';

const CONNECT_TIMEOUT_MS = 3_000;
/** Longest wait between two attempts to connect. */
const RECONNECT_MS = 1_000;

/** What a connection may have of its own. */
export type ConnectionOverrides = Pick<
  RedisOptions,
  'commandTimeout' | 'socketTimeout' | 'protocol' | 'autoResubscribe'
>;

/** A command that has not been answered by then has failed; a socket that is silent for longer while one waits is dropped. */
export const COMMAND_LIMITS: ConnectionOverrides = { commandTimeout: 2_000, socketTimeout: 5_000 };

/**
 * One connection as Millrace uses them: it recovers by itself for ever, keeps no command for a Redis that is away, and
 * sends none twice. `moved` is called when it is led to another node of a Cluster.
 */
export function openRedis(
  redisUrl: string,
  purpose: string,
  overrides: ConnectionOverrides = {},
  moved: () => void = () => undefined,
): Redis {
  const redis: Redis = new Redis(redisUrl, {
    connectionName: `millrace-${purpose}`,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // A command under way fails as soon as its connection is lost. With more retries and nothing re-sent, one whose
    // connection comes back at once would never settle.
    maxRetriesPerRequest: 0,
    retryStrategy: (attempts) => {
      node.returnIfLost(attempts);
      return Math.min(50 * 2 ** Math.min(attempts - 1, 5), RECONNECT_MS) * (0.75 + Math.random() / 4);
    },
    reconnectOnError: (error): boolean => {
      if (node.followIfMoved(error.message)) {
        moved();
        return true;
      }
      // After a failover the old primary answers READONLY: the next connection finds the new one.
      return /^(?:READONLY|LOADING|UNBLOCKED)\b/.test(error.message);
    },
    ...overrides,
  });
  const node: ClusterNode = new ClusterNode(redis.options);
  return redis;
}
