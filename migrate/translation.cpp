#include "migrate/translation.hpp"

#include <algorithm>

#include "migrate/writer.hpp"

namespace bossa::migrate {

std::string Item::loss_id() const {
  std::string out = parameter.empty() ? "share" : parameter;
  std::ranges::replace(out, ' ', '-');
  return out + "@" + section;
}

Grade Translation::worst() const {
  auto grade = Grade::exact;
  for (const auto& item : items) grade = worse(grade, item.grade);
  return grade;
}

bool Translation::refused() const {
  return !unexplained.empty() || std::ranges::any_of(items, [](const Item& item) { return item.refuses(); });
}

void accept(std::vector<Item>& items, const std::set<std::string>& accepted) {
  if (accepted.empty()) return;
  for (auto& item : items) {
    if (!is_loss(item.grade)) continue;
    auto id = item.loss_id();
    auto name = id.substr(0, id.find('@'));
    item.accepted = accepted.contains(id) || accepted.contains(name) || accepted.contains(name + "@*");
  }
}

}  // namespace bossa::migrate
