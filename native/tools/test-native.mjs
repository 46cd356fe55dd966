// Builds the C++ unit tests with AddressSanitizer and UndefinedBehaviorSanitizer, then those of the stream, the
// allocator and programs with ThreadSanitizer, and runs them. With a sanitizer's name, that one only.
import { availableParallelism } from 'node:os';
import { run } from './run.mjs';

const wanted = process.argv[2];
// Not detect_stack_use_after_return: GCC 12 misaligns 64-byte vectors in the frames that it makes (GCC bug 110027).
const env = {
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1',
};

for (const sanitizer of ['address', 'thread']) {
  if (wanted && wanted !== sanitizer) continue;
  const folder = `build-${sanitizer}`;
  run('cmake', ['-S', '.', '-B', folder, `-DHEBB_SANITIZE=${sanitizer}`]);
  run('cmake', ['--build', folder, '--target', 'hebb_tests', '--parallel', `${availableParallelism()}`]);
  console.log(`\nC++ unit tests, ${sanitizer} sanitizer:`);
  // ThreadSanitizer's shadow memory does not fit every randomised address layout.
  run('setarch', [process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R', `${folder}/hebb_tests`], { env });
}
