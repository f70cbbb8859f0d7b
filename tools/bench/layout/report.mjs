import { WRITE_ROWS } from './writes.mjs';
import { quantile } from './server.mjs';

const STEPS = ['insert', 'start', 'outcome'];

/** Medians over rounds: server µs a row, with rows/s in brackets. */
export function printWrites(names, results) {
  console.log('\nserver CPU µs per row (rows/s), medians; total is the CPU of all three');
  console.log(`| candidate | batch | ${STEPS.join(' | ')} | total | client µs |`);
  console.log('|---|---|---|---|---|---|---|');
  for (const batch of Object.keys(WRITE_ROWS).map(Number)) {
    for (const name of names) {
      const rounds = results.filter((result) => result.name === name && result.batch === batch);
      const median = (pick) => quantile(rounds.map(pick), 0.5);
      const cells = STEPS.map((step) => {
        const cost = median((round) => round[step].serverUs).toFixed(1);
        return `${cost} (${Math.round(median((round) => round[step].rowsPerSecond))})`;
      });
      const total = median((round) => STEPS.reduce((sum, step) => sum + round[step].serverUs, 0)).toFixed(1);
      const client = median((round) => STEPS.reduce((sum, step) => sum + round[step].clientUs, 0)).toFixed(1);
      console.log(`| ${name} | ${batch} | ${cells.join(' | ')} | ${total} | ${client} |`);
    }
  }
}

/** Milliseconds p50 / p99 of each read, and the server's CPU in brackets; a column a candidate. */
export function printReads(results) {
  console.log('\nreads, ms p50 / p99 (server CPU, mean)');
  console.log(`| read | ${results.map(({ name }) => name).join(' | ')} |`);
  console.log(`|---|${results.map(() => '---|').join('')}`);
  for (const read of Object.keys(results[0].reads)) {
    const cells = results.map(({ reads }) => figure(reads[read]));
    console.log(`| ${read} | ${cells.join(' | ')} |`);
  }
}

function figure(read) {
  if (read === undefined) return '';
  return `${read.p50.toFixed(1)} / ${read.p99.toFixed(1)} (${(read.serverUs / 1000).toFixed(2)})`;
}
