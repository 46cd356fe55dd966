// Runs commands from the repository root, their output shown as it comes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a command; true when it exits with 0. Commands of installed packages are found as npm scripts find them. */
export function succeeds(command, args, options = {}) {
  const env = { ...process.env, ...options.env };
  env.PATH = `${root}node_modules/.bin:${env.PATH}`;
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
    env,
  });
  if (error) console.error(`${command}: ${error.code === 'ENOENT' ? 'not found: install it first' : error.message}`);
  return status === 0;
}

/** Runs a command that must exit with 0. */
export function run(command, args, options) {
  if (!succeeds(command, args, options)) throw new Error(`failed: ${command} ${args.join(' ')}`);
}

/** What a command that must exit with 0 prints on stdout. */
export function output(command, args, options = {}) {
  const { status, error, stdout } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  if (error || status !== 0)
    throw new Error(`failed: ${command} ${args.join(' ')}${error ? `: ${error.message}` : ''}`);
  return stdout;
}
