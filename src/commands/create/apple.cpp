#include "src/commands/create/apple.hpp"

#include "src/base/unicode.hpp"
#include "src/commands/share_modules.hpp"

namespace bossa::commands::create {
namespace {

constexpr std::uint64_t asks_server = 1, asks_volume = 2, asks_model = 4;
// Server capabilities. READ_DIR_ATTR (listings that carry Finder information) is not offered: a Mac then asks for it file by file.
constexpr std::uint64_t supports_osx_copyfile = 2, unix_based = 4;
// Volume capabilities.
constexpr std::uint64_t case_sensitive = 2, full_sync = 4;

}  // namespace

ByteVector apple_answer(const session::TreeConnect& tree, const Params& params) {
  const auto& query = params.contexts.apple;
  const auto& share = tree.share;
  if (!query || !has_module(share, "fruit") || !option_yes(share, "fruit:aapl", true)) return {};
  auto answered = query->wanted & (asks_server | asks_volume | asks_model);
  ByteVector out;
  wire::Writer writer{out};
  writer(std::uint32_t{1});
  writer(std::uint32_t{0});
  writer(answered);
  if (answered & asks_server) writer(unix_based | (option_yes(share, "fruit:copyfile") ? supports_osx_copyfile : 0));
  if (answered & asks_volume) {
    bool sensitive = tree.volume->options().case_sensitive;
    writer((sensitive ? case_sensitive : 0) | (option_yes(share, "fruit:timemachine") ? full_sync : 0));
  }
  if (answered & asks_model) {
    auto model = option(share, "fruit:model");
    auto text = utf16le_from_utf8(model.empty() ? "MacSamba" : model);
    writer(std::uint32_t{0});
    writer(static_cast<std::uint32_t>(text.size()));
    writer.bytes(text);
  }
  return out;
}

}  // namespace bossa::commands::create
