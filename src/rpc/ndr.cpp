#include "src/rpc/ndr.hpp"

#include "src/base/unicode.hpp"

namespace bossa::rpc {

void NdrReader::align(std::size_t alignment) {
  auto at = size_ - reader_.remaining();
  // After a failed read nothing remains and the position means nothing: reads stay refused.
  if (reader_.ok) reader_.skip(align_up(at, alignment) - at);
}

bool NdrReader::pointer() {
  bool set = u32() != 0;
  if (set) ++pointers_;
  return set;
}

std::string NdrReader::string() {
  auto max_count = u32(), offset = u32(), count = u32();
  if (offset != 0 || count > max_count) refuse();
  // Division, not multiplication: a count near 2^32 must not wrap.
  if (!ok() || count > reader_.remaining() / 2) {
    refuse();
    return {};
  }
  auto text = utf8_from_utf16le(reader_.take(std::size_t{count} * 2));
  if (!text) {
    refuse();
    return {};
  }
  if (auto end = text->find('\0'); end != std::string::npos) text->resize(end);
  return std::move(*text);
}

std::optional<std::string> NdrReader::unique_string() {
  if (!pointer()) return std::nullopt;
  return string();
}

std::optional<std::uint32_t> NdrReader::unique_u32() {
  if (!pointer()) return std::nullopt;
  return u32();
}

void NdrWriter::pointer() {
  ++written_;
  u32(0x00020000 + 4 * (request_.pointers() + written_ - 1));
}

void NdrWriter::string_pointer(std::string_view text) {
  pointer();
  deferred_.push_back({true, to_vector(as_bytes(text))});
}

void NdrWriter::bytes_pointer(Bytes bytes) {
  pointer();
  deferred_.push_back({false, to_vector(bytes)});
}

void NdrWriter::flush() {
  auto items = std::move(deferred_);
  deferred_.clear();
  for (const auto& item : items) {
    if (item.is_string) {
      string(as_text(item.content));
    } else {
      u32(static_cast<std::uint32_t>(item.content.size()));
      writer_.bytes(item.content);
    }
  }
}

void NdrWriter::string(std::string_view text) {
  auto count = static_cast<std::uint32_t>(utf16le_size(text) / 2 + 1);
  u32(count);
  u32(0);
  u32(count);
  this->text(text);
}

void NdrWriter::text(std::string_view text) {
  append_utf16le(out_, text);
  writer_(std::uint16_t{0});
}

void NdrWriter::unique_u32(std::optional<std::uint32_t> value) {
  if (!value) return null();
  pointer();
  u32(*value);
}

} // namespace bossa::rpc
