"""What the Python peers share: the sizes of the workloads, timing, and the memory a process takes. As measure.mjs and
resident.mjs have it for hebb."""

import argparse
import json
import math
import pathlib
import statistics
import time

WARM_UPS, FEWEST_WARM_UPS, FEWEST, MOST = 3, 2, 3, 20000
RESET_PEAK = "5"

SHAPES = json.loads((pathlib.Path(__file__).parent / "../workloads/shapes.json").read_text())


def arguments(modes):
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--mode", default=modes[0], choices=modes)
    parser.add_argument("--budget", type=float, default=2.0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    return parser


def train_batches(network, on_gpu):
    return [batch * (network.get("gpu", 1) if on_gpu else 1) for batch in network["train"]]


def measure(call, wait, budget):
    """Times the calls, each with its wait; "last" is what the last one gave."""
    begin = time.perf_counter()
    for done in range(WARM_UPS):
        if done >= FEWEST_WARM_UPS and time.perf_counter() - begin > budget:
            break
        call()
        wait()
    times, last, start = [], None, time.perf_counter()
    while (time.perf_counter() - start < budget or len(times) < FEWEST) and len(times) < MOST:
        before = time.perf_counter()
        last = call()
        wait()
        times.append(time.perf_counter() - before)
    return {"s": statistics.median(times), "min": min(times), "n": len(times), "last": last}


def finite(loss):
    if not math.isfinite(loss):
        raise SystemExit(f"the loss is {loss}")
    return loss


def kilobytes(field):
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise LookupError(field)


def watch_resident():
    """Starts to watch; what it returns gives the bytes by which the process has grown at its peak."""
    # Or a peak before this span would count. (man 5 proc, clear_refs)
    pathlib.Path("/proc/self/clear_refs").write_text(RESET_PEAK)
    before = kilobytes("VmRSS")
    return lambda: 1024 * max(0, kilobytes("VmHWM") - before)
