// Builds a configuration's text line by line and knows on which line a thing came to stand; gathers what became of each parameter.
#pragma once
#include <algorithm>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "migrate/translation.hpp"

namespace bossa::migrate {

class Writer {
 public:
  void line(std::string_view text) {
    text_ += text;
    text_ += '\n';
    ++lines_;
  }
  /// "    key = value"; gives its line number.
  unsigned set(std::string_view key, std::string_view value) {
    text_ += "    ";
    text_ += key;
    text_ += " = ";
    text_ += value;
    text_ += '\n';
    return ++lines_;
  }
  [[nodiscard]] std::string take() { return std::move(text_); }
  [[nodiscard]] unsigned lines() const { return lines_; }

 private:
  std::string text_;
  unsigned lines_ = 0;
};

/// What became of one parameter in one section.
struct Outcome {
  Grade grade = Grade::exact;
  bool widens = false;
  std::string target, reason;
  unsigned line = 0;
  void worsen(Grade to, std::string_view why, bool wider = false) {
    grade = worse(grade, to);
    widens = widens || wider;
    if (why.empty() || reason.find(why) != std::string::npos) return;
    if (!reason.empty()) reason += "; ";
    reason += why;
  }
  void wrote(unsigned at, std::string_view key, std::string_view value) {
    if (!target.empty()) target += "; ";
    target += key;
    target += " = ";
    target += value;
    if (line == 0) line = at;
  }
};

/// By section ("global", or a share's name) and parameter.
class Outcomes {
 public:
  /// Made when it is not there; stays where it is.
  Outcome& at(std::string_view section, std::string_view parameter) {
    auto found = sections_.find(section);
    if (found == sections_.end()) found = sections_.emplace(std::string(section), List{}).first;
    for (auto& [name, outcome] : found->second) {
      if (name == parameter) return outcome;
    }
    return found->second.emplace_back(std::string(parameter), Outcome{}).second;
  }
  [[nodiscard]] const Outcome* find(std::string_view section, std::string_view parameter) const {
    auto found = sections_.find(section);
    if (found == sections_.end()) return nullptr;
    for (const auto& [name, outcome] : found->second) {
      if (name == parameter) return &outcome;
    }
    return nullptr;
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using List = std::deque<std::pair<std::string, Outcome>>;
  std::unordered_map<std::string, List, Hash, std::equal_to<>> sections_;
};

/// By `key`, those with equal keys in the order in which they are. Items are large, so they are moved once.
template <class Key> void sort_items(std::vector<Item>& items, Key key) {
  using Order = std::pair<std::decay_t<decltype(key(items.front()))>, std::size_t>;
  std::vector<Order> order;
  order.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) order.emplace_back(key(items[i]), i);
  std::ranges::sort(order);
  std::vector<Item> sorted;
  sorted.reserve(items.size());
  for (const auto& one : order) sorted.push_back(std::move(items[one.second]));
  items = std::move(sorted);
}

/// Marks the items whose loss was accepted.
void accept(std::vector<Item>& items, const std::set<std::string>& accepted);

}  // namespace bossa::migrate
