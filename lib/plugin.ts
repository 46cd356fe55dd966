// The plugin that brings GPUs: where it is, opened once and only when somebody asks, and if there is none, why.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { native, type PluginFact, packageRoot } from './native';

const VARIABLE = 'HEBB_CUDA_PLUGIN';
const PACKAGE = 'hebb-cuda-linux-x64';
const BUILDS = ['build-cuda/hebb_cuda.so', 'build-cuda/Release/hebb_cuda.so'];

/** What became of the plugin. Without a reason it is in use. */
export interface PluginState {
  /** Null where none was found. */
  readonly path: string | null;
  /** What it says of the machine: the driver, GPUs, libraries, and what is missing. */
  readonly facts: readonly PluginFact[];
  /** Why it is not used, and what to do about it. */
  readonly reason: string;
  readonly remedy: string;
}

let state: PluginState | undefined;

/** Opens the plugin where that has not been done. */
export function plugin(): PluginState {
  state ??= open();
  return state;
}

function open(): PluginState {
  const place = find();
  if (place.path === null) return { ...place, facts: [] };
  try {
    return { path: place.path, facts: native.openPlugin(place.path), reason: '', remedy: '' };
  } catch (error) {
    return { ...place, facts: [], reason: (error as Error).message };
  }
}

/** Where the plugin is. `remedy`: what to do if it cannot be opened, or why there is none. */
function find(): Omit<PluginState, 'facts'> {
  const named = process.env[VARIABLE];
  if (named === '' || named === '0') {
    return { path: null, reason: `${VARIABLE} turns it off`, remedy: `unset ${VARIABLE}` };
  }
  if (named !== undefined) {
    return { path: named, reason: '', remedy: `set ${VARIABLE} to the absolute path of a plugin, or unset it` };
  }
  try {
    const { version } = require(join(packageRoot, 'package.json')) as { version: string };
    return { path: require.resolve(PACKAGE), reason: '', remedy: `npm install ${PACKAGE}@${version}` };
  } catch {
    // It is not installed.
  }
  const built = BUILDS.map((file) => join(packageRoot, file)).find((file) => existsSync(file));
  if (built !== undefined) return { path: built, reason: '', remedy: 'build it anew: npm run build:cuda' };
  const fits = process.platform === 'linux' && process.arch === 'x64';
  return {
    path: null,
    reason: 'there is no plugin for GPUs',
    remedy: fits ? `npm install ${PACKAGE}` : 'nothing to do: it needs Linux on x64',
  };
}
