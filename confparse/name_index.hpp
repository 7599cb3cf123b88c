// Numbers names in the order in which they come. Compact, so that a file of ten thousand sections stays in the cache.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bossa::confparse {

class NameIndex {
 public:
  /// The number of a name that is known.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const {
    auto slot = slot_of(name, hash_of(name));
    return slots_[slot].number ? std::optional<std::size_t>(slots_[slot].number - 1) : std::nullopt;
  }
  /// The same; nothing: the name is new, and has the next number from now on.
  std::optional<std::size_t> add(std::string_view name) {
    auto hash = hash_of(name);
    auto slot = slot_of(name, hash);
    if (slots_[slot].number) return slots_[slot].number - 1;
    begins_.push_back(text_.size());
    text_ += name;
    slots_[slot] = {hash, static_cast<std::uint32_t>(begins_.size())};
    if (begins_.size() * 2 > slots_.size()) grow();
    return std::nullopt;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0, number = 0;  // number 0: free
  };
  static std::uint32_t hash_of(std::string_view name) { return static_cast<std::uint32_t>(std::hash<std::string_view>()(name)); }
  std::string_view name_of(std::size_t number) const {
    auto end = number < begins_.size() ? begins_[number] : text_.size();
    return std::string_view(text_).substr(begins_[number - 1], end - begins_[number - 1]);
  }
  // Where the name is, or would be. The table is a power of two and never full.
  std::size_t slot_of(std::string_view name, std::uint32_t hash) const {
    auto at = hash & (slots_.size() - 1);
    while (slots_[at].number && (slots_[at].hash != hash || name_of(slots_[at].number) != name)) at = (at + 1) & (slots_.size() - 1);
    return at;
  }
  void grow() {
    std::vector<Slot> old(slots_.size() * 4);
    old.swap(slots_);
    for (const auto& slot : old) {
      if (!slot.number) continue;
      auto at = slot.hash & (slots_.size() - 1);
      while (slots_[at].number) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = slot;
    }
  }

  std::string text_;  // all names, one after another
  std::vector<std::size_t> begins_;
  std::vector<Slot> slots_ = std::vector<Slot>(64);
};

}  // namespace bossa::confparse
