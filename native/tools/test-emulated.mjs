// The GPU's tests where there is no GPU: builds the CUDA plugin for its emulation with AddressSanitizer and
// UndefinedBehaviorSanitizer, and runs on it what test/harness/devices.ts calls accelerators: the whole table of ops,
// devices, programs, a short training. Arguments go to jest instead of the usual folders. Build the addon first.
import { availableParallelism } from 'node:os';
import { output, root, run } from './run.mjs';

const folder = 'build-address'; // shares its objects with the unit tests' build (test-native.mjs)
run('cmake', ['-S', '.', '-B', folder, '-DHEBB_SANITIZE=address']);
run('cmake', ['--build', folder, '--target', 'hebb_cuda_emulated', '--parallel', `${availableParallelism()}`]);

// Node itself is not instrumented, so the sanitizers come first; and what Node leaks is no concern of theirs.
const runtimes = ['libasan.so', 'libubsan.so'].map((name) => output('g++', [`-print-file-name=${name}`]).trim());
const asked = process.argv.slice(2);
const tests = asked.length > 0 ? asked : ['test/ops', 'test/core', 'test/train/accelerator'];
run('jest', ['--runInBand', ...tests], {
  env: {
    LD_PRELOAD: runtimes.join(':'),
    ASAN_OPTIONS: 'detect_leaks=0',
    UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1',
    HEBB_CUDA_PLUGIN: `${root}${folder}/hebb_cuda_emulated.so`,
    HEBB_EMULATED_DEVICES: '2',
  },
});
