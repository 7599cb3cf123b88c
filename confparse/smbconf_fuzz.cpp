// Any bytes as an smb.conf: no crash, and what is dumped reads back.
#include <cstdint>
#include <cstdlib>

#include "confparse/bind.hpp"
#include "confparse/dump.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa::confparse;
  std::string text(data, data + size);
  ReadOptions options;
  options.host_name = "fuzz";
  options.read_file = [&](const std::string& path) -> std::optional<std::string> {
    if (path.size() == 1) return text.substr(0, text.size() / 2);  // includes of itself, without touching the file system
    return std::nullopt;
  };
  auto document = smbconf::parse("smb.conf", text);
  for (const auto& statement : document.statements) {
    if (statement.whole.begin > statement.whole.end || statement.whole.end > text.size()) std::abort();
  }
  auto configuration = read_text("smb.conf", text, options);
  if (!configuration.fatal) {
    auto settings = to_settings(configuration);
    if (dump(configuration).empty()) std::abort();
  }
  return 0;
}
