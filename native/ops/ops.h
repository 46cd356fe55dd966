// Every op's header: one line a file.
#pragma once
#include "ops/conv2d.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/movement.h"
#include "ops/normalization.h"
#include "ops/optimizer.h"
#include "ops/pool2d.h"
#include "ops/random.h"
#include "ops/reduction.h"
#include "ops/softmax.h"
