/**
 * Measures table layouts for `tasks`: what submit, start and outcome cost the server per row, what
 * reads take, and what a row weighs. See docs/decisions/0002-table-layout.md for the verdict.
 *
 *   DATABASE_URL=postgres://... node tools/bench/layout/main.mjs --rows 5000000 --rounds 3 --candidates a,b,c,d
 *
 * The database must be empty and on this machine (CPU is read from /proc). Each candidate is a schema
 * `layout_<name>`, dropped at the end unless --keep.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { CANDIDATES } from './candidates/index.mjs';
import { FINISHED_DAYS } from './candidates/finished.mjs';
import { dropCandidate, fillCandidate, openCandidate, refreshStatistics, sizeOf } from './candidate.mjs';
import { measureChurn } from './churn.mjs';
import { measureCounters } from './counters.mjs';
import { measureReads } from './reads.mjs';
import { printReads, printWrites } from './report.mjs';
import { fillSeed } from './seed.mjs';
import { WRITE_ROWS, writeRound } from './writes.mjs';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    rounds: { type: 'string', default: '3' },
    candidates: { type: 'string', default: 'a,b,c,cp,d,e' },
    shape: { type: 'string', default: 'mixed' },
    phases: { type: 'string', default: 'fill,writes,reads,churn,counters,retention' },
    keep: { type: 'boolean', default: false },
  },
});

const rows = Number(options.rows);
const names = options.candidates.split(',');
const phases = new Set(options.phases.split(','));
const from = new Date(new Date().setUTCHours(0, 0, 0, 0) - FINISHED_DAYS * 86_400_000);

await main();

async function main() {
  const admin = new pg.Client(process.env.DATABASE_URL);
  await admin.connect();
  if (phases.has('fill')) await fill(admin);
  const opened = [];
  for (const name of names) opened.push(await openCandidate(name, CANDIDATES[name]));
  if (phases.has('writes')) await writes(opened);
  if (phases.has('reads')) await reads(opened);
  if (phases.has('churn')) for (const { name, sql } of opened) await measureChurn(name, sql);
  if (phases.has('counters')) await measureCounters(opened);
  if (phases.has('retention')) await retention(opened);
  for (const { client } of opened) await client.end();
  if (!options.keep) for (const name of names) await dropCandidate(admin, name);
  await admin.end();
}

async function fill(admin) {
  await fillSeed(admin, { rows, shape: options.shape, from });
  for (const name of names) {
    console.log(CANDIDATES[name].title);
    const began = Date.now();
    await fillCandidate(admin, name, CANDIDATES[name], from);
    console.log(
      `${name}: ${rows} rows in ${Math.round((Date.now() - began) / 1000)} s, ${await sizeOf(admin, name, rows)}`,
    );
  }
  await admin.query('DROP TABLE seed');
}

/** Rounds are interleaved, so that a slow minute of the machine falls on every candidate. */
async function writes(opened) {
  const results = [];
  for (let round = 0; round < Number(options.rounds); round += 1) {
    for (const [batch, count] of Object.entries(WRITE_ROWS)) {
      for (const { name, sql, client, cpu } of opened) {
        results.push({
          name,
          batch: Number(batch),
          ...(await writeRound(sql, { client, cpu, batch: Number(batch), count })),
        });
      }
    }
  }
  printWrites(names, results);
}

async function reads(opened) {
  const results = [];
  for (const { name, sql, client, cpu } of opened) {
    await refreshStatistics(client, name);
    results.push({ name, reads: await measureReads(sql.reads, { client, cpu, rows }) });
  }
  printReads(results);
}

async function retention(opened) {
  for (const { name, sql, client, cpu } of opened) {
    const before = { us: cpu.readUs(), at: Date.now() };
    for (const statement of sql.retention) {
      const cut = new Date(from.getTime() + (FINISHED_DAYS / 10) * 86_400_000);
      await client.query(statement, statement.includes('$1') ? [cut] : []);
    }
    console.log(
      `retention ${name}: ${Date.now() - before.at} ms, server CPU ${Math.round((cpu.readUs() - before.us) / 1000)} ms`,
    );
  }
}
