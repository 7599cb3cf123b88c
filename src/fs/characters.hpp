// Characters of names that clients see as others: vfs_catia(8).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bossa::fs {

/// Immutable after construction; safe from any thread.
class CharacterMap {
 public:
  /// "0x22:0xa8,0x2a:0xa4": server:client, code points in hexadecimal. What is malformed is passed over.
  explicit CharacterMap(std::string_view mappings);
  [[nodiscard]] bool empty() const { return pairs_.empty(); }
  /// A name on disk as clients see it, and back; UTF-8. '/' and zero bytes never come out.
  [[nodiscard]] std::string to_client(std::string_view name) const;
  [[nodiscard]] std::string to_server(std::string_view name) const;

 private:
  std::vector<std::pair<char32_t, char32_t>> pairs_;
};

}  // namespace bossa::fs
