// Processes that run one workload and print one JSON line.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { watchOthers } from './disturbance.mjs';

const script = fileURLToPath(new URL('trial.mjs', import.meta.url));
const REPEATS = 2;
const MOST_OUTPUT = 2 ** 26; // bytes: a peer may be talkative

function common({ workload, device, precision = 'float32' }) {
  return [script, '--work', workload.name, '--device', device, '--precision', precision];
}

/** @returns {[command: string, args: string[]]} */
export function hebbCommand({ budget, ...trial }) {
  return [process.execPath, [...common(trial), '--budget', String(budget)]];
}

/** @returns {[command: string, args: string[]]} */
export function checkCommand(trial) {
  return [process.execPath, [...common(trial), '--check']];
}

/**
 * Runs a command to its end and gives the object it printed.
 * @param {[command: string, args: readonly string[]]} command
 * @param {NodeJS.ProcessEnv} env
 */
export function run([command, args], env) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    env,
    encoding: 'utf8',
    maxBuffer: MOST_OUTPUT,
  });
  if (error) throw new Error(`${command}: ${error.code === 'ENOENT' ? 'not found' : error.message}`);
  if (status !== 0) {
    // The last line says what was wrong, in Python too.
    throw new Error(stderr.trim().split('\n').at(-1) || `${command} ended with ${signal ?? status}`);
  }
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/**
 * Runs a trial, and again where other programs disturbed it: the least disturbed one is the result, with `others`, the
 * share of a CPU that they took meanwhile, and whether it counts as `disturbed`.
 */
export function trial(command, env) {
  let best = null;
  for (let attempt = 0; attempt <= REPEATS && !(best && !best.disturbed); attempt++) {
    const others = watchOthers();
    const result = { ...run(command, env), ...others() };
    if (!best || result.others < best.others) best = result;
  }
  return best;
}
