import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createRunFolder, removeRunFolder, startPostgres, type Store } from '@millrace/stack';
import { Client } from 'pg';

/** An empty database for one spec file. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** A private server that the spec may kill, restart and pause. */
export interface OwnPostgres extends Store {
  /** Ends the server and removes its folder. */
  close(): Promise<void>;
}

/** Makes a database on the server that `TEST_DATABASE_URL` names, or else starts one for this spec file. */
export async function testDatabase(): Promise<TestDatabase> {
  const given = process.env.TEST_DATABASE_URL;
  const own = given ? undefined : await ownPostgres();
  const serverUrl = given ?? own?.url ?? '';
  const name = `test_${randomBytes(6).toString('hex')}`;
  await execute(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: async () => {
      if (own) await own.close();
      else await execute(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** Starts a private server, forgetful on a power loss; `settings` such as `{ max_connections: '20' }`. */
export async function ownPostgres({
  settings = {},
}: { settings?: Readonly<Record<string, string>> } = {}): Promise<OwnPostgres> {
  const folder = createRunFolder();
  const server = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durability: 'volatile',
    log: join(folder, 'postgres.log'),
    settings,
  });
  return {
    url: server.url,
    port: server.port,
    get pid() {
      return server.pid;
    },
    get exited() {
      return server.exited;
    },
    stop: () => server.stop(),
    kill: (name) => server.kill(name),
    restart: () => server.restart(),
    close: async () => {
      await server.stop();
      await removeRunFolder(folder);
    },
  };
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
