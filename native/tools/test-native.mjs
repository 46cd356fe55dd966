// Builds the C++ unit tests and runs them: with AddressSanitizer and UndefinedBehaviorSanitizer, those of the stream, the
// allocator and programs with ThreadSanitizer, and the NEON kernels cross-compiled under emulation (the last only when
// it is named, or where the cross compiler and qemu are installed). With names, those only.
import { execFile, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { root, run } from './run.mjs';

// ThreadSanitizer's shadow memory does not fit every randomised address layout.
const fixedLayout = ['setarch', process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R'];
const crossCompiler = 'aarch64-linux-gnu-g++';

const builds = {
  address: { configure: ['-DHEBB_SANITIZE=address'], launch: fixedLayout },
  thread: { configure: ['-DHEBB_SANITIZE=thread'], launch: fixedLayout },
  neon: {
    configure: [
      '-DCMAKE_SYSTEM_NAME=Linux',
      '-DCMAKE_SYSTEM_PROCESSOR=aarch64',
      `-DCMAKE_CXX_COMPILER=${crossCompiler}`,
    ],
    launch: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
    variables: { HEBB_TEST_NO_CUDA: '1' },
    needs: [crossCompiler, 'qemu-aarch64'],
  },
};
// Not detect_stack_use_after_return: GCC 12 misaligns 64-byte vectors in the frames that it makes (GCC bug 110027).
const env = {
  UBSAN_OPTIONS: 'print_stacktrace=1',
  TSAN_OPTIONS: 'halt_on_error=1',
  OMP_WAIT_POLICY: 'passive', // compilers and other tests run beside these: threads that spin would take their time
};

const named = process.argv.slice(2);
const isInstalled = (command) => spawnSync(command, ['--version']).status === 0;

function isWanted(name, needs) {
  if (named.length > 0) return named.includes(name);
  const missing = needs.filter((command) => !isInstalled(command));
  if (missing.length > 0) console.log(`\nC++ unit tests, ${name}: skipped, ${missing.join(' and ')} not installed`);
  return missing.length === 0;
}

/** The tests' output and whether they passed. They take one processor each, so builds are tested side by side. */
function test(folder, launch, variables) {
  const [command, ...args] = [...launch, `${folder}/hebb_tests`];
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd: root, env: { ...process.env, ...env, ...variables }, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        const signal = error?.signal ? `ended by ${error.signal}\n` : '';
        resolve({ passed: !error, text: `${stderr}${stdout}${signal}` });
      },
    );
  });
}

const running = [];
for (const [name, { configure, launch, needs = [], variables = {} }] of Object.entries(builds)) {
  if (!isWanted(name, needs)) continue;
  const folder = `build-${name}`;
  run('cmake', ['-S', '.', '-B', folder, ...configure]);
  run('cmake', ['--build', folder, '--target', 'hebb_tests', '--parallel', `${availableParallelism()}`]);
  running.push([name, test(folder, launch, variables)]);
}
for (const [name, tests] of running) {
  const { passed, text } = await tests;
  console.log(`\nC++ unit tests, ${name}: ${passed ? 'passed' : 'FAILED'}\n${text.trimEnd()}`);
  if (!passed) process.exitCode = 1;
}
