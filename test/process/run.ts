// Runs one of the scripts beside this file in a Node process of its own, on the built package.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export function runScript(name: string, args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) {
  const result = spawnSync(process.execPath, ['--expose-gc', join(__dirname, name), ...args], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
    timeout: 300_000,
  });
  const output = `${result.stdout}${result.stderr}`;
  if (result.signal) throw new Error(`${name} was killed by ${result.signal}:\n${output}`);
  return { status: result.status, stdout: result.stdout, output };
}
