import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Scenario, ScenarioContext } from '../scenario';
import { MEMBER, type Testbed } from '../testbed';
import { underLoad } from '../under-load';

const REFUSED_MS = 6_000;
const OWNER = 'millrace';
const END_SESSIONS = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${MEMBER}'`;

/** Something that somebody takes away from the services, and gives back. */
interface Refusal {
  readonly what: string;
  readonly take: (admin: Admins) => Promise<unknown>;
  readonly giveBack: (admin: Admins) => Promise<unknown>;
}

/** Connections of others, which keep their rights. */
interface Admins {
  readonly redis: Redis;
  readonly postgres: Client;
  /** What the services know. */
  readonly password: string;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'Redis refuses every command',
    take: ({ redis }) => redis.call('ACL', 'SETUSER', 'default', '-@all', '+auth', '+hello', '+info'),
    giveBack: ({ redis }) => redis.call('ACL', 'SETUSER', 'default', '+@all'),
  },
  {
    what: 'PostgreSQL ends every session and takes no new one',
    take: async ({ postgres }) => {
      await postgres.query(`ALTER ROLE ${MEMBER} NOLOGIN`);
      await postgres.query(END_SESSIONS);
    },
    giveBack: ({ postgres }) => postgres.query(`ALTER ROLE ${MEMBER} LOGIN`),
  },
  {
    what: 'the role of the services has no rights in PostgreSQL any more',
    take: ({ postgres }) => postgres.query(`REVOKE ${OWNER} FROM ${MEMBER}`),
    giveBack: ({ postgres }) => postgres.query(`GRANT ${OWNER} TO ${MEMBER}`),
  },
  {
    what: 'Redis has another password, and ends every connection',
    take: async ({ redis }) => {
      await redis.call('ACL', 'SETUSER', 'default', 'resetpass', '>rotated');
      for (const type of ['normal', 'pubsub']) await redis.call('CLIENT', 'KILL', 'TYPE', type);
    },
    giveBack: ({ redis }) => redis.call('ACL', 'SETUSER', 'default', 'nopass'),
  },
  {
    what: 'PostgreSQL has another password, and ends every session',
    take: async ({ postgres }) => {
      await postgres.query(`ALTER ROLE ${MEMBER} PASSWORD 'rotated'`);
      await postgres.query(END_SESSIONS);
    },
    giveBack: ({ postgres, password }) => postgres.query(`ALTER ROLE ${MEMBER} PASSWORD '${password}'`),
  },
];

export const permissions: Scenario = {
  row: '31',
  name: 'permissions-lost',
  promise:
    'Rights are revoked and passwords are changed for a while, in Redis and in PostgreSQL: everything recovers without a restart.',
  testbed: { login: 'member' },
  long: { cycles: 10, tasks: 1_000 },
  async run(context) {
    const admins = await connect(context.testbed);
    try {
      await underLoad(context, (cycle) => refuse(context, admins, cycle), { overMs: 4_000 });
    } finally {
      admins.redis.disconnect();
      await admins.postgres.end();
    }
    return {};
  },
};

async function refuse({ nemesis }: ScenarioContext, admins: Admins, cycle: number): Promise<void> {
  const refusal = REFUSALS[(cycle - 1) % REFUSALS.length];
  if (!refusal) return;
  nemesis.note(refusal.what);
  await refusal.take(admins);
  await sleep(REFUSED_MS);
  await refusal.giveBack(admins);
  nemesis.note('what was taken is given back');
}

async function connect({ redis: { url }, postgres, serviceUrl }: Testbed): Promise<Admins> {
  const redis = new Redis(url);
  await redis.call('ACL', 'SETUSER', 'admin', 'on', 'nopass', '+@all', 'allkeys', 'allchannels');
  await redis.call('AUTH', 'admin', '');
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  return { redis, postgres: client, password: new URL(serviceUrl).password };
}
