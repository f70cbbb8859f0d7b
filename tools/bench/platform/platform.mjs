// @ts-check
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import {
  createRunFolder,
  freePort,
  removeRunFolder,
  startPostgres,
  startRedis,
  workspaceRoot,
} from '../../stack/src/index.mjs';
import { parentOf } from './cpu.mjs';

const READY_MS = 60_000;

/**
 * Millrace on a PostgreSQL and a Redis of its own, which sync to disk as in production, run by the bundles in `dist`:
 *
 *   npx nx run-many -t build -p api,worker,scheduler,migrate
 */
export class Platform {
  /** @type {import('node:child_process').ChildProcess[]} */
  #services = [];
  /** @type {number[]} */
  #ports = [];

  /**
   * @param {string} folder
   * @param {Awaited<ReturnType<typeof startPostgres>>} postgres
   * @param {Awaited<ReturnType<typeof startRedis>>} redis
   * @param {pg.Client} client a connection for whoever measures
   */
  constructor(folder, postgres, redis, client) {
    this.folder = folder;
    this.postgres = postgres;
    this.redis = redis;
    this.client = client;
  }

  /**
   * Starts the stores and migrates the database.
   *
   * @param {Readonly<Record<string, string>>} settings of PostgreSQL
   */
  static async open(settings) {
    const folder = createRunFolder();
    const postgres = await startPostgres({
      dataDir: join(folder, 'postgres'),
      durability: 'durable',
      log: join(folder, 'postgres.log'),
      settings,
    });
    const redis = await startRedis({
      dataDir: join(folder, 'redis'),
      persistence: 'none',
      log: join(folder, 'redis.log'),
    });
    const client = new pg.Client({ connectionString: postgres.url });
    const platform = new Platform(folder, postgres, redis, client);
    try {
      execFileSync(process.execPath, [bundleOf('tools/migrate')], { env: platform.#env({}), stdio: 'inherit' });
      await client.connect();
      return platform;
    } catch (error) {
      await platform.close();
      throw error;
    }
  }

  /**
   * Starts a service; what it logs as an error is shown.
   *
   * @param {'api' | 'worker' | 'scheduler'} name
   * @param {Readonly<Record<string, string>>} settings
   * @returns {Promise<{ pid: number, url: string }>} once it is ready
   */
  async start(name, settings = {}) {
    const port = await freePort(0, { except: this.#ports });
    this.#ports.push(port);
    const env = this.#env({ [`${name.toUpperCase()}_PORT`]: String(port), ...settings });
    const service = spawn(process.execPath, [bundleOf(`apps/${name}`)], { env, stdio: 'inherit' });
    this.#services.push(service);
    const url = `http://127.0.0.1:${port}`;
    await isReady(url, name);
    return { pid: service.pid ?? 0, url };
  }

  /** Of the postmaster, which all server processes are children of. */
  async postmaster() {
    const { rows } = await this.client.query('SELECT pg_backend_pid() AS pid');
    return parentOf(rows[0].pid);
  }

  /** Ends everything and removes it. */
  async close() {
    for (const service of this.#services) service.kill('SIGTERM');
    await this.client.end();
    await this.redis.stop();
    await this.postgres.stop();
    await removeRunFolder(this.folder);
  }

  /** @param {Readonly<Record<string, string>>} settings */
  #env(settings) {
    return {
      ...process.env,
      NODE_ENV: 'development',
      DATABASE_URL: this.postgres.url,
      REDIS_URL: this.redis.url,
      LOG_LEVEL: 'error',
      RATELIMIT_ENABLED: 'false',
      ...settings,
    };
  }
}

/** @param {string} project */
const bundleOf = (project) => join(workspaceRoot, 'dist', project, 'main.js');

/**
 * @param {string} url
 * @param {string} name
 */
async function isReady(url, name) {
  const deadlineMs = Date.now() + READY_MS;
  while (Date.now() < deadlineMs) {
    const answer = await fetch(`${url}/health/ready`).catch(() => null);
    if (answer?.ok) return;
    await sleep(100);
  }
  throw new Error(`The ${name} was not ready after ${READY_MS / 1_000} s`);
}
