#include "migrate/translation.hpp"

#include <algorithm>

#include "migrate/writer.hpp"
#include "src/base/unicode.hpp"

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

bool excuses(const Item& item, std::string_view share, std::string_view what) {
  if (!item.widens || (item.section != "global" && !equal_ignoring_case(item.section, share))) return false;
  auto one_of = [&](std::initializer_list<std::string_view> names) { return std::ranges::find(names, item.parameter) != names.end(); };
  if (what == "signing") return one_of({"server signing", "require_message_signing"});
  if (what == "encryption") return one_of({"server smb encrypt", "encrypt_data", "reject_unencrypted_access"});
  return one_of({"read only", "valid users", "invalid users", "read list", "write list", "guest ok", "guest only", "hosts allow", "hosts deny", "permissions"});
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
