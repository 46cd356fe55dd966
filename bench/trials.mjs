// Processes that run one workload and print one JSON line.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('trial.mjs', import.meta.url));
/** @returns {[command: string, args: string[]]} */
export function hebbCommand({ work, device, budget, check }) {
  const args = ['--work', work, '--device', device, '--budget', String(budget)];
  return [process.execPath, [script, ...args, ...(check ? ['--check'] : [])]];
}

/**
 * Runs a command to its end and gives the object it printed. What it says on stderr is passed on.
 * @param {[command: string, args: readonly string[]]} command
 * @param {NodeJS.ProcessEnv} env
 */
export function trial([command, args], env) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, { env, encoding: 'utf8' });
  if (error) throw new Error(`${command}: ${error.code === 'ENOENT' ? 'not found' : error.message}`);
  if (status !== 0) {
    // The last line says what was wrong, in Python too.
    throw new Error(stderr.trim().split('\n').at(-1) || `${command} ended with ${signal ?? status}`);
  }
  process.stderr.write(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}
