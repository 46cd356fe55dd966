// Matrix products by cuBLASLt; where it knows no algorithm or is missing, by cuBLAS; where that is missing, by hebb's
// own kernel. They take matrices column by column, which is the transpose of ours: c^T = op(b)^T op(a)^T.
//
// The same problem gets the same bits on the same GPU with the same libraries: each algorithm is chosen from the
// problem alone, never by timing, and none adds the parts of a split sum as they arrive (unless that was allowed).
#include "cuda/gemm.h"

#include <algorithm>
#include <compare>
#include <limits>
#include <map>
#include <memory>
#include <type_traits>

#include "cuda/kernels/epilogue.h"
#include "cuda/kernels/gemm.h"
#include "cuda/libraries/cublas_lt.h"
#include "cuda/per_device.h"
#include "cuda/workspace.h"

namespace hebb::cuda {
namespace {

constexpr float one = 1, zero = 0;
constexpr int64_t most_batches = 65535;  // of one call: what a grid has in z

cublasComputeType_t compute_type(Precision precision) {
  constexpr int ampere = 80;  // the first to have these
  if (Context::current().capability() < ampere) return CUBLAS_COMPUTE_32F;
  switch (precision) {
    case Precision::tf32:
      return CUBLAS_COMPUTE_32F_FAST_TF32;
    case Precision::bfloat16:
      return CUBLAS_COMPUTE_32F_FAST_16BF;
    default:
      return CUBLAS_COMPUTE_32F;
  }
}

// It has nothing for this problem or GPU, and has enqueued nothing.
bool is_refusal(cublasStatus_t status) {
  return status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH;
}

// What algorithms may rely on. Tensors begin at multiples of 64 bytes, so it depends on the problem alone.
int alignment(const void* pointer) {
  const auto address = reinterpret_cast<uintptr_t>(pointer);
  return address % 16 == 0 ? 16 : address % 8 == 0 ? 8 : 4;
}

// All that the choice of an algorithm depends on.
struct Problem {
  int64_t rows, columns, depth, batches;
  int64_t a_stride, a_step, b_stride, b_step, c_stride, c_step;
  bool a_transposed, b_transposed, biased, accumulate;
  int a_alignment, b_alignment, c_alignment, bias_alignment;
  Precision precision;
  bool deterministic;

  Problem(const Product& p, const Context& context)
      : rows(p.rows),
        columns(p.columns),
        depth(p.depth),
        batches(p.batches),
        a_stride(p.a.stride),
        a_step(p.a.batch_step),
        b_stride(p.b.stride),
        b_step(p.b.batch_step),
        c_stride(p.c_stride),
        c_step(p.c_batch_step),
        a_transposed(p.a.transposed),
        b_transposed(p.b.transposed),
        biased(p.bias),
        accumulate(p.accumulate),
        a_alignment(alignment(p.a.data)),
        b_alignment(alignment(p.b.data)),
        c_alignment(alignment(p.c)),
        bias_alignment(alignment(p.bias)),
        precision(context.precision),
        deterministic(context.deterministic) {}
  auto operator<=>(const Problem&) const = default;
};

template <class Descriptor>
using Owned = std::unique_ptr<std::remove_pointer_t<Descriptor>, cublasStatus_t (*)(Descriptor)>;

template <class Value>
void set(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t attribute, const Value& value) {
  const CublasLt& lt = cublas_lt();
  lt.require(lt.cublasLtMatmulDescSetAttribute(description, attribute, &value, sizeof value),
             "cublasLtMatmulDescSetAttribute");
}

template <class Value>
void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const Value& value) {
  const CublasLt& lt = cublas_lt();
  lt.require(lt.cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
             "cublasLtMatmulPreferenceSetAttribute");
}

template <class Value>
void set(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t attribute, const Value& value) {
  const CublasLt& lt = cublas_lt();
  lt.require(lt.cublasLtMatrixLayoutSetAttribute(layout, attribute, &value, sizeof value),
             "cublasLtMatrixLayoutSetAttribute");
}

// Of a matrix as it lies in memory: a row of ours is a column of theirs.
Owned<cublasLtMatrixLayout_t> layout(int64_t rows, int64_t columns, int64_t stride, int64_t step, int64_t batches) {
  const CublasLt& lt = cublas_lt();
  cublasLtMatrixLayout_t created = nullptr;
  lt.require(lt.cublasLtMatrixLayoutCreate(&created, CUDA_R_32F, static_cast<uint64_t>(columns),
                                           static_cast<uint64_t>(rows), stride),
             "cublasLtMatrixLayoutCreate");
  Owned<cublasLtMatrixLayout_t> owned(created, lt.cublasLtMatrixLayoutDestroy);
  if (batches > 1) {
    set(created, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, static_cast<int32_t>(batches));
    set(created, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, step);
  }
  return owned;
}

Owned<cublasLtMatrixLayout_t> layout(int64_t rows, int64_t columns, const Operand& operand, int64_t batches) {
  if (operand.transposed) std::swap(rows, columns);
  return layout(rows, columns, operand.stride, operand.batch_step, batches);
}

Owned<cublasLtMatmulDesc_t> description(const Product& p, Precision precision) {
  const CublasLt& lt = cublas_lt();
  cublasLtMatmulDesc_t created = nullptr;
  lt.require(lt.cublasLtMatmulDescCreate(&created, compute_type(precision), CUDA_R_32F), "cublasLtMatmulDescCreate");
  Owned<cublasLtMatmulDesc_t> owned(created, lt.cublasLtMatmulDescDestroy);
  set(created, CUBLASLT_MATMUL_DESC_TRANSA, p.b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(created, CUBLASLT_MATMUL_DESC_TRANSB, p.a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
  // Not its ReLU, max(x, 0), which may make 0 of NaN.
  set(created, CUBLASLT_MATMUL_DESC_EPILOGUE, p.bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT);
  if (p.bias) set(created, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias);
  return owned;
}

Owned<cublasLtMatmulPreference_t> preference(const Problem& problem) {
  const CublasLt& lt = cublas_lt();
  cublasLtMatmulPreference_t created = nullptr;
  lt.require(lt.cublasLtMatmulPreferenceCreate(&created), "cublasLtMatmulPreferenceCreate");
  Owned<cublasLtMatmulPreference_t> owned(created, lt.cublasLtMatmulPreferenceDestroy);
  const uint32_t in_order = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE;
  set(created, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, static_cast<uint64_t>(workspace_bytes));
  set(created, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      problem.deterministic ? in_order : static_cast<uint32_t>(CUBLASLT_REDUCTION_SCHEME_MASK));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<uint32_t>(problem.b_alignment));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<uint32_t>(problem.a_alignment));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<uint32_t>(problem.c_alignment));
  set(created, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<uint32_t>(problem.c_alignment));
  return owned;
}

struct Plan {
  Owned<cublasLtMatmulDesc_t> operation;
  Owned<cublasLtMatrixLayout_t> a, b, c;
  cublasLtMatmulHeuristicResult_t chosen{};
  bool found = false;

  Plan(const Product& p, const Problem& problem, cublasLtHandle_t handle)
      : operation(description(p, problem.precision)),
        a(layout(p.rows, p.depth, p.a, p.batches)),
        b(layout(p.depth, p.columns, p.b, p.batches)),
        c(layout(p.rows, p.columns, p.c_stride, p.c_batch_step, p.batches)) {
    const CublasLt& lt = cublas_lt();
    int count = 0;
    const cublasStatus_t status = lt.cublasLtMatmulAlgoGetHeuristic(
        handle, operation.get(), b.get(), a.get(), c.get(), c.get(), preference(problem).get(), 1, &chosen, &count);
    if (is_refusal(status)) return;
    lt.require(status, "cublasLtMatmulAlgoGetHeuristic");
    found = count == 1 && chosen.state == CUBLAS_STATUS_SUCCESS;
  }
};

// What the library has left to do.
void finish(const Product& p, const Epilogue& epilogue) {
  if (epilogue.is_empty()) return;
  for (int64_t batch = 0; batch < p.batches; ++batch) {
    float* const c = p.c + batch * p.c_batch_step;
    apply(epilogue, c, c, p.rows, p.columns, p.c_stride);
  }
}

struct LtHandle {
  cublasLtHandle_t handle = nullptr;
  std::map<Problem, Plan> plans;
  // Null where it is not for this driver or GPU: cuBLAS may be.
  LtHandle() {
    const cublasStatus_t status = cublas_lt().cublasLtCreate(&handle);
    if (status == CUBLAS_STATUS_ALLOC_FAILED) cublas_lt().require(status, "cublasLtCreate");
    if (status != CUBLAS_STATUS_SUCCESS) handle = nullptr;
  }

  Plan& plan(const Product& p) {
    constexpr size_t most_plans = 4096;
    const Problem problem(p, Context::current());
    const auto known = plans.find(problem);
    if (known != plans.end()) return known->second;
    if (plans.size() == most_plans) plans.clear();
    return plans.try_emplace(problem, p, problem, handle).first->second;
  }
};

// False where cuBLASLt is missing, cannot be used or has no algorithm.
bool multiply_by_lt(const Product& p) {
  const CublasLt& lt = cublas_lt();
  if (!lt.library) return false;
  LtHandle& state = per_device<LtHandle>();
  if (!state.handle) return false;
  const Plan& plan = state.plan(p);
  if (!plan.found) return false;
  if (p.bias) set(plan.operation.get(), CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias);
  const cublasStatus_t status =
      lt.cublasLtMatmul(state.handle, plan.operation.get(), &one, p.b.data, plan.b.get(), p.a.data, plan.a.get(),
                        p.accumulate ? &one : &zero, p.c, plan.c.get(), p.c, plan.c.get(), &plan.chosen.algo,
                        workspace(), workspace_bytes, Context::current().stream());
  if (is_refusal(status)) return false;
  lt.require(status, "cublasLtMatmul");
  finish(p, {nullptr, nullptr, nullptr, p.activation});
  return true;
}

struct BlasHandle {
  cublasHandle_t handle = nullptr;
  BlasHandle() {
    const Cublas& blas = cublas();
    blas.require(blas.cublasCreate_v2(&handle), "cublasCreate");
    blas.require(blas.cublasSetStream_v2(handle, Context::current().stream()), "cublasSetStream");
    blas.require(blas.cublasSetWorkspace_v2(handle, workspace(), workspace_bytes), "cublasSetWorkspace");
  }
};

// False where cuBLAS is missing, or has nothing for this product or GPU.
bool multiply_by_blas(const Product& p) {
  const Cublas& blas = cublas();
  if (!blas.library) return false;
  const cublasHandle_t handle = per_device<BlasHandle>().handle;
  const Context& context = Context::current();
  blas.require(
      blas.cublasSetAtomicsMode(handle, context.deterministic ? CUBLAS_ATOMICS_NOT_ALLOWED : CUBLAS_ATOMICS_ALLOWED),
      "cublasSetAtomicsMode");
  const auto operation = [](const Operand& operand) { return operand.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; };
  const auto number = [](int64_t value) { return static_cast<int>(value); };
  const cublasStatus_t status = blas.cublasGemmStridedBatchedEx(
      handle, operation(p.b), operation(p.a), number(p.columns), number(p.rows), number(p.depth), &one, p.b.data,
      CUDA_R_32F, number(p.b.stride), p.b.batch_step, p.a.data, CUDA_R_32F, number(p.a.stride), p.a.batch_step,
      p.accumulate ? &one : &zero, p.c, CUDA_R_32F, number(p.c_stride), p.c_batch_step, number(p.batches),
      compute_type(context.precision), CUBLAS_GEMM_DEFAULT);
  if (is_refusal(status)) return false;
  blas.require(status, "cublasGemmStridedBatchedEx");
  finish(p, {nullptr, p.bias, nullptr, p.activation});
  return true;
}

}  // namespace

void gemm(const Product& product) {
  Product p = product;
  if (p.rows == 0 || p.columns == 0) return;
  const int64_t largest = std::max({p.rows, p.columns, p.depth, p.a.stride, p.b.stride, p.c_stride});
  if (p.depth == 0 || largest > std::numeric_limits<int>::max()) return tiled_gemm(p);
  for (int64_t left = p.batches; left > 0; left -= p.batches) {
    p.batches = std::min(left, most_batches);
    if (!multiply_by_lt(p) && !multiply_by_blas(p)) tiled_gemm(p);
    p.a.data += p.batches * p.a.batch_step;
    p.b.data += p.batches * p.b.batch_step;
    p.c += p.batches * p.c_batch_step;
  }
}

}  // namespace hebb::cuda
