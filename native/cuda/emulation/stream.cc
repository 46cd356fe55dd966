// Streams, events and graphs. The first query of an event or a stream says "not ready", the next finds the work done.
#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "cuda/emulation/queue.h"
#include "cuda/emulation/work.h"

namespace hebb::cuda::emulation {
namespace {

using Work = std::vector<std::function<void()>>;

struct Capture {
  cudaStreamCaptureMode mode;
  std::thread::id thread;
  std::atomic<bool> spoilt = false;
  Work work;
};

// The captures that forbid this thread to allocate or to wait: its own, and any of mode `global`.
thread_local std::vector<std::shared_ptr<Capture>> own_captures;
std::atomic<int> global_captures = 0;

}  // namespace
}  // namespace hebb::cuda::emulation

using namespace hebb::cuda::emulation;

struct CUstream_st {
  std::shared_ptr<Queue> queue;
  std::shared_ptr<Capture> capture;
};
struct CUevent_st {
  std::shared_ptr<Queue> queue;  // of the stream where it was recorded last
  std::shared_ptr<Capture> capture;
  uint64_t position = 0;
  bool queried = false;
};
struct CUgraph_st {
  std::shared_ptr<Work> work;
};
struct CUgraphExec_st {
  std::shared_ptr<Work> work;
};

namespace {

// The default stream's work is waited for as it is enqueued, and it captures nothing.
CUstream_st* of(cudaStream_t stream) {
  static thread_local CUstream_st by_default[most_devices];
  if (stream != nullptr) return stream;
  CUstream_st& own = by_default[current_device()];
  if (own.queue == nullptr) own.queue = std::make_shared<Queue>(current_device());
  return &own;
}

cudaError_t spoil(const std::shared_ptr<Capture>& capture) {
  capture->spoilt = true;
  return fail(cudaErrorStreamCaptureUnsupported);
}

}  // namespace

namespace hebb::cuda::emulation {

cudaError_t usable_outside_captures() {
  if (!own_captures.empty()) return spoil(own_captures.back());
  if (global_captures > 0) return fail(cudaErrorStreamCaptureUnsupported);
  return usable();
}

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  CUstream_st* const target = of(stream);
  if (target->capture != nullptr) {
    if (target->capture->spoilt) return fail(cudaErrorStreamCaptureInvalidated);
    target->capture->work.push_back(std::move(work));
    return cudaSuccess;
  }
  if (target->queue->device() != current_device()) return fail(cudaErrorInvalidResourceHandle);
  const uint64_t position = target->queue->add(std::move(work));
  if (stream == nullptr) target->queue->run_until(position);
  return usable();
}

}  // namespace hebb::cuda::emulation

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  *stream = new CUstream_st{Queue::open(current_device()), nullptr};
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  if (stream->capture != nullptr) return spoil(stream->capture);
  Queue::close(stream->queue);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  CUstream_st* const target = of(stream);
  if (target->capture != nullptr) return spoil(target->capture);
  target->queue->run_until(target->queue->end());
  return usable();
}

cudaError_t cudaDeviceSynchronize() {
  if (const cudaError_t status = usable_outside_captures(); status != cudaSuccess) return status;
  Queue::run_all(current_device());
  return usable();
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  CUstream_st* const target = of(stream);
  if (target->capture != nullptr) return spoil(target->capture);
  const uint64_t end = target->queue->end();
  const bool done = target->queue->is_done(end);
  target->queue->run_until(end);
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  return done ? cudaSuccess : fail(cudaErrorNotReady);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  // A stream that is not captured may not wait for one that is, nor the other way round; a fork of captures would be
  // allowed, but is not used.
  if (of(stream)->capture != event->capture) {
    if (of(stream)->capture != nullptr) of(stream)->capture->spoilt = true;
    return fail(cudaErrorStreamCaptureIsolation);
  }
  if (event->queue == nullptr || event->capture != nullptr) return usable();
  return enqueue(stream, [queue = event->queue, position = event->position] { queue->run_until(position); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  *event = new CUevent_st;
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  CUstream_st* const target = of(stream);
  event->capture = target->capture;
  if (event->capture != nullptr) return cudaSuccess;
  event->queue = target->queue;
  event->position = target->queue->add([] {});
  event->queried = false;
  return cudaSuccess;
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  if (event->capture != nullptr) return fail(cudaErrorCapturedEvent);
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  if (event->queue == nullptr || event->queue->is_done(event->position)) return cudaSuccess;
  if (!event->queried) {
    event->queried = true;
    return fail(cudaErrorNotReady);
  }
  event->queue->run_until(event->position);
  return usable();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (event->capture != nullptr) return fail(cudaErrorCapturedEvent);
  if (const cudaError_t status = usable_outside_captures(); status != cudaSuccess) return status;
  if (event->queue != nullptr) event->queue->run_until(event->position);
  return usable();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  if (stream == nullptr) return fail(cudaErrorStreamCaptureUnsupported);
  if (stream->capture != nullptr) return fail(cudaErrorIllegalState);
  stream->capture = std::make_shared<Capture>(mode, std::this_thread::get_id());
  if (mode != cudaStreamCaptureModeRelaxed) own_captures.push_back(stream->capture);
  if (mode == cudaStreamCaptureModeGlobal) ++global_captures;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = nullptr;
  const std::shared_ptr<Capture> capture = of(stream)->capture;
  if (capture == nullptr) return fail(cudaErrorIllegalState);
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
    return fail(cudaErrorStreamCaptureWrongThread);
  }
  stream->capture = nullptr;
  std::erase(own_captures, capture);
  if (capture->mode == cudaStreamCaptureModeGlobal) --global_captures;
  if (capture->spoilt) return fail(cudaErrorStreamCaptureInvalidated);
  *graph = new CUgraph_st{std::make_shared<Work>(std::move(capture->work))};
  return usable();
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  const std::shared_ptr<Capture>& capture = of(stream)->capture;
  *status = capture == nullptr ? cudaStreamCaptureStatusNone
            : capture->spoilt  ? cudaStreamCaptureStatusInvalidated
                               : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, size_t* count) {
  if (nodes != nullptr) return fail(cudaErrorInvalidValue);
  *count = graph->work->size();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  if (const cudaError_t status = usable(); status != cudaSuccess) return status;
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  if (of(stream)->capture != nullptr) return spoil(of(stream)->capture);
  return enqueue(stream, [all = executable->work] {
    for (const auto& work : *all) work();
  });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return usable(); }

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}
