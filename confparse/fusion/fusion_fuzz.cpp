// Any bytes as a Fusion configuration: no crash, places inside of the text, and the statements with what lies between them are the file.
#include <cstdint>
#include <cstdlib>

#include "confparse/fusion/load.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bossa::confparse;
  std::string text(data, data + size);
  auto configuration = fusion::read_text("tsmb.conf", text);
  if (configuration.document.text != text) std::abort();
  std::size_t at = 0;
  for (const auto& statement : configuration.document.statements) {
    if (statement.whole.begin < at || statement.whole.begin > statement.whole.end || statement.whole.end > text.size()) std::abort();
    if (statement.value_span.begin > statement.value_span.end || statement.value_span.end > statement.whole.end) std::abort();
    at = statement.whole.end;
  }
  for (const auto& diagnostic : configuration.diagnostics) {
    if (diagnostic.message.empty()) std::abort();
  }
  auto settings = fusion::to_settings(configuration, {}, "fuzz");
  if (!configuration.fatal && settings.shares.size() != configuration.shares.size()) std::abort();
  LoadOptions options;
  options.host_name = "fuzz";
  if (fusion::load(std::move(configuration), options).ok() && text.empty()) std::abort();
  return 0;
}
