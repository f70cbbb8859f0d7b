import { eventually, ownPostgres, signal, type OwnPostgres } from '@millrace/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from './migrate';
import { openStore, type Store } from './store';
import { newTask, startAgain } from './store.fixture';
import { StoreUnavailable } from './store-errors';
import { StoreOptions } from './store-options';

let server: OwnPostgres;
let store: Store;
beforeAll(async () => {
  server = await ownPostgres({ settings: { max_connections: '20', synchronous_commit: 'on' } });
  await migrate(server.url);
  store = await openStore(new StoreOptions({ databaseUrl: server.url, poolSize: 3, applicationName: 'outage-spec' }));
});
afterAll(async () => {
  await store.close();
  await server.close();
});

test('after a crash of the server the store works again by itself, with everything that was committed', async () => {
  const task = newTask();
  await store.tasks.insertMany([task]);
  await Promise.all([store.ping(), store.ping(), store.ping()]);

  await server.kill('SIGKILL');
  await expect(store.tasks.insertMany([newTask()])).rejects.toThrow(StoreUnavailable);
  await expect(store.ping()).rejects.toThrow(StoreUnavailable);
  await server.restart();

  await eventually(() => store.ping(), 20_000);
  expect(await startAgain(store, { taskId: task.taskId, attempt: 0 })).toMatchObject({ attempt: 1 });
});

test('a transaction whose server dies fails as unavailable, and nothing of it escapes', async () => {
  const waiting = Array.from({ length: 3 }, () => signal());
  const go = signal();
  const escaped: unknown[] = [];
  const note = (error: unknown) => escaped.push(error);
  process.on('uncaughtException', note);
  const cut = waiting.map((begun) =>
    store.tasks.transaction(async (manager) => {
      await manager.query('SELECT 1');
      begun.fire();
      await go.wait(20_000);
      await store.tasks.insertMany([newTask()], manager);
    }),
  );
  for (const begun of waiting) await begun.wait();

  await server.kill('SIGKILL');
  go.fire();
  const ends = await Promise.allSettled(cut);
  await server.restart();
  await eventually(() => store.ping(), 20_000);

  process.off('uncaughtException', note);
  for (const end of ends) expect(end.status === 'rejected' && end.reason).toBeInstanceOf(StoreUnavailable);
  expect(escaped).toEqual([]);
});

test('a server that does not answer costs a ping a second, not more', async () => {
  await server.kill('SIGSTOP');
  const began = performance.now();

  await expect(store.ping()).rejects.toThrow(StoreUnavailable);

  const tookMs = performance.now() - began;
  // More pings than the pool has connections: none of them keeps one.
  for (let tries = 0; tries < 4; tries += 1) await expect(store.ping()).rejects.toThrow(StoreUnavailable);
  await server.kill('SIGCONT');
  expect(tookMs).toBeLessThan(2_500);
  await eventually(() => store.ping(), 20_000);
});

test('a role that loses its rights, or its password, is an outage until it has them again', async () => {
  const role = new URL(server.url);
  const owner = role.username;
  [role.username, role.password] = ['revoked', 'at-first'];
  const asOwner = (sql: string) => store.dataSource.query<unknown>(sql);
  await asOwner(`CREATE ROLE revoked LOGIN PASSWORD 'at-first' IN ROLE ${owner}`);
  const member = await openStore(new StoreOptions({ databaseUrl: role.href, poolSize: 2 }));
  const task = newTask();
  await member.tasks.insertMany([task]);

  await asOwner(`REVOKE ${owner} FROM revoked`);
  await expect(member.tasks.insertMany([newTask()])).rejects.toThrow(StoreUnavailable);
  await expect(startAgain(member, { taskId: task.taskId, attempt: 0 })).rejects.toThrow(StoreUnavailable);
  await asOwner(`GRANT ${owner} TO revoked`);
  await asOwner(`ALTER ROLE revoked PASSWORD 'rotated'`);
  await asOwner(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'revoked'`);
  await eventually(
    () => expect(member.tasks.insertMany([newTask()])).rejects.toThrow(/password authentication/),
    20_000,
  );
  await expect(member.tasks.insertMany([newTask()])).rejects.toThrow(StoreUnavailable);
  await asOwner(`ALTER ROLE revoked PASSWORD 'at-first'`);

  expect(await startAgain(member, { taskId: task.taskId, attempt: 0 })).toMatchObject({ attempt: 1 });
  await member.close();
});

test('a store that is opened with a wrong password says so at once', async () => {
  const url = new URL(server.url);
  url.password = 'wrong';

  const opening = openStore(new StoreOptions({ databaseUrl: url.href, openTimeoutMs: 60_000 }));

  await expect(opening).rejects.toThrow(/password authentication failed/);
}, 20_000);

test('a call waits for a free connection only so long', async () => {
  const release: (() => void)[] = [];
  const held = Array.from({ length: 3 }, () =>
    store.tasks.transaction((manager) =>
      manager.query('SELECT 1').then(() => new Promise<void>((resolve) => release.push(resolve))),
    ),
  );
  await eventually(() => expect(release).toHaveLength(3));

  await expect(store.queries.findById(1)).rejects.toThrow(StoreUnavailable);

  release.forEach((free) => free());
  await Promise.all(held);
  await store.ping();
});

test('a statement that takes too long is ended by the server', async () => {
  const slow = store.tasks.transaction((manager) => manager.query('SELECT pg_sleep(30)'));

  await expect(slow).rejects.toThrow(StoreUnavailable);
});

test('an operator sees whose connections there are', async () => {
  const rows = await store.dataSource.query<{ n: number }[]>(
    `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE application_name = 'outage-spec'`,
  );

  expect(rows[0]?.n).toBeGreaterThan(0);
});

test('opening waits for a server that is not there yet, and gives up in the end', async () => {
  await server.stop();
  const options = { databaseUrl: server.url, poolSize: 1 };
  await expect(openStore(new StoreOptions({ ...options, openTimeoutMs: 100 }))).rejects.toThrow(StoreUnavailable);

  const opening = openStore(new StoreOptions({ ...options, openTimeoutMs: 20_000 }));
  await server.restart();

  await (await opening).close();
});
