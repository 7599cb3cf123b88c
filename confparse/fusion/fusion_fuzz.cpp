// Any bytes as a Fusion configuration: no crash, places inside of the text, and the statements with what lies between them are the file.
// A valid one that is edited stays valid, says what was asked, and nothing else changes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "confparse/fusion/load.hpp"
#include "confparse/section_edit.hpp"

namespace {

using namespace bossa::confparse;

void edit(const fusion::Configuration& before) {
  SectionEdit edit;
  edit.kind = before.shares.empty() ? SectionEdit::Kind::add : SectionEdit::Kind::update;
  edit.share = before.shares.empty() ? "fuzz" : before.shares.front().name;
  edit.values = {{"hidden", "true"}};
  if (before.shares.empty()) edit.values.emplace_back("path", "/fuzz");
  std::string error;
  auto after = fusion::read_text("tsmb.conf", fusion::edited(before.document.text, edit, error));
  if (!error.empty() || after.fatal) std::abort();
  const auto* share = after.find_share(edit.share);
  if (!share || !share->yes("hidden") || after.shares.size() != std::max<std::size_t>(before.shares.size(), 1)) std::abort();
  if (after.global.settings.size() != before.global.settings.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
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
  if (!configuration.fatal) edit(configuration);
  LoadOptions options;
  options.host_name = "fuzz";
  if (fusion::load(std::move(configuration), options).ok() && text.empty()) std::abort();
  return 0;
}
