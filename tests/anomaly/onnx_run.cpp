// Copyright (c) 2026 The skerry authors
// SPDX-License-Identifier: MIT
//
// onnx_run LIBRARY MODEL.onnx ROWS.f32 COLUMNS: "depth_sum" and "score" of rows, from ONNX Runtime. The library is loaded at run time, so
// that any release from that of the headers on will do.
#define ORT_API_MANUAL_INIT
#include <onnxruntime/onnxruntime_cxx_api.h>

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 5) {
    return 2;
  }
  void* library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  const auto base = reinterpret_cast<const OrtApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
  const OrtApi* api = base->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    std::fprintf(stderr, "onnxruntime %s is older than its headers\n", base->GetVersionString());
    return 2;
  }
  Ort::InitApi(api);
  try {
    std::ifstream in{argv[3], std::ios::binary};
    const std::vector<char> bytes{std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
    std::vector<float> values(bytes.size() / sizeof(float));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
    const std::int64_t columns = std::atoi(argv[4]);
    const std::vector<std::int64_t> shape{static_cast<std::int64_t>(values.size()) / columns, columns};
    Ort::Env env{ORT_LOGGING_LEVEL_WARNING, "skerry"};
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    Ort::Session session{env, argv[2], options};
    auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    auto rows = Ort::Value::CreateTensor<float>(memory, values.data(), values.size(), shape.data(), shape.size());
    const char* const inputs[] = {"rows"};
    const char* const outputs[] = {"depth_sum", "score"};
    const auto answers = session.Run(Ort::RunOptions{nullptr}, inputs, &rows, 1, outputs, 2);
    const float* sums = answers[0].GetTensorData<float>();
    const float* scores = answers[1].GetTensorData<float>();
    for (std::int64_t i = 0; i < shape[0]; ++i) {
      std::printf("%.9g %.9g\n", static_cast<double>(sums[i]), static_cast<double>(scores[i]));
    }
  } catch (const Ort::Exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  return 0;
}
