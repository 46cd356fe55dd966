// Recording and replaying programs.
#pragma once
#include <napi.h>

namespace hebb::node {
void add_program_functions(Napi::Env env, Napi::Object& exports);
}
