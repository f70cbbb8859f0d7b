import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

const REFUSED_MS = 6_000;

export const permissions: Scenario = {
  row: '31',
  name: 'permissions-lost',
  promise: 'Redis and PostgreSQL refuse their users for a while: everything recovers without a restart.',
  long: { cycles: 6, tasks: 600 },
  async run(context) {
    await underLoad(context, (cycle) => (cycle % 2 === 1 ? refuseInRedis(context) : refuseInPostgres(context)), {
      overMs: 4_000,
    });
    return {};
  },
};

/** Holds for connections that are open, too. The one that gives the right back is somebody else's. */
async function refuseInRedis({ testbed, nemesis }: ScenarioContext): Promise<void> {
  const admin = new Redis(testbed.redis.url);
  await admin.call('ACL', 'SETUSER', 'admin', 'on', 'nopass', '+@all', 'allkeys', 'allchannels');
  await admin.call('AUTH', 'admin', '');
  nemesis.note('Redis refuses every command');
  await admin.call('ACL', 'SETUSER', 'default', '-@all', '+auth', '+hello', '+info');
  await sleep(REFUSED_MS);
  await admin.call('ACL', 'SETUSER', 'default', '+@all');
  admin.disconnect();
  nemesis.note('Redis takes them again');
}

async function refuseInPostgres({ testbed, nemesis }: ScenarioContext): Promise<void> {
  const admin = new Client({ connectionString: testbed.postgres.url });
  await admin.connect();
  nemesis.note('PostgreSQL ends every session and takes no new one');
  await admin.query('ALTER USER CURRENT_USER NOLOGIN');
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
  await sleep(REFUSED_MS);
  await admin.query('ALTER USER CURRENT_USER LOGIN');
  await admin.end();
  nemesis.note('PostgreSQL takes sessions again');
}
