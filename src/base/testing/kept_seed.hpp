// Seeds of fuzz targets: made by the builders of the code, and kept in the repository for the fuzzer, which reads files alone.
#pragma once
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "src/base/bytes.hpp"

namespace bossa::testing {

/// Whether the file holds these bytes. With BOSSA_WRITE_SEEDS=1 in the environment it is written first.
inline bool is_kept_seed(const std::filesystem::path& file, Bytes seed) {
  if (std::getenv("BOSSA_WRITE_SEEDS") != nullptr) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
  }
  std::ifstream in(file, std::ios::binary);
  const std::string kept{std::istreambuf_iterator<char>(in), {}};
  return in.is_open() && std::ranges::equal(as_bytes(kept), seed);
}

}  // namespace bossa::testing
