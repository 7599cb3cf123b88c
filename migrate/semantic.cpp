#include "migrate/semantic.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "confparse/bind.hpp"
#include "confparse/fusion/load.hpp"
#include "confparse/fusion/value.hpp"
#include "migrate/access.hpp"
#include "src/base/unicode.hpp"
#include "src/policy/dialects.hpp"

namespace bossa::migrate {
namespace {

namespace fusion = confparse::fusion;
using confparse::ParameterId;

constexpr std::string_view access_parameters[] = {"read only", "valid users", "invalid users", "read list", "write list", "guest ok", "hosts allow", "hosts deny"};

std::string sorted(std::vector<std::string> list) {
  std::ranges::sort(list);
  std::string out;
  for (const auto& one : list) out += one + "\n";
  return out;
}

// The text of a value with what has the same effect folded.
std::string effect(std::string_view parameter, const confparse::Value& value) {
  const auto& text = value.text;
  if (parameter == "server signing") return text == "required" ? text : "offered";
  if (parameter == "server smb encrypt") return text == "default" ? "if_required" : text;
  if (parameter == "server min protocol") return text == "default" ? "SMB2_02" : text;
  if (parameter == "server max protocol") return text == "default" ? "SMB3" : text;
  if (parameter == "case sensitive") return text == "Auto" ? "No" : text;
  if (parameter == "workgroup" || parameter == "netbios name") return to_upper(text);
  if (parameter == "veto files") {
    std::string out = text;
    return out.ends_with('/') || out.empty() ? out : out + "/";
  }
  if (parameter == "smb ports" || parameter == "interfaces") return sorted(value.list);
  if (parameter == "path" || parameter == "comment" || parameter == "log file") return std::string(confparse::without_quotes(text));
  if (parameter == "security" || parameter == "server role") return text == "AUTO" || text == "USER" || text == "auto" ? "standalone server" : text;
  return text;
}

void access(std::vector<Difference>& out, const policy::Settings& before, const policy::Settings& after) {
  std::set<std::string> shares;
  for (const auto& one : compare_access(before, after)) {
    bool demand = one.what == "signing" || one.what == "encryption";
    out.push_back({one.share, demand ? one.what : "permissions", one.what + ": " + one.before, one.after});
  }
}

class SambaDifferences {
 public:
  SambaDifferences(const confparse::Configuration& before, const confparse::Configuration& after) : before_(before), after_(after) {}

  std::vector<Difference> run() {
    for (ParameterId id = 0; id < confparse::parameters().size(); ++id) {
      const auto& row = confparse::parameter(id);
      if (row.scope == confparse::Scope::global) compare("global", id, nullptr, nullptr);
    }
    for (const auto& section : before_.sections) {
      if (!section.valid) continue;
      const auto* other = find(after_, section.name);
      if (!other) {
        out_.push_back({section.name, "", "there", "gone"});
        continue;
      }
      for (ParameterId id = 0; id < confparse::parameters().size(); ++id) {
        if (confparse::parameter(id).scope == confparse::Scope::share) compare(section.name, id, &section, other);
      }
      for (const auto& option : section.options) {
        auto same = std::ranges::any_of(other->options, [&](const auto& one) { return one.key == option.key && one.value == option.value; });
        if (!same) out_.push_back({section.name, option.name, option.value, ""});
      }
    }
    for (const auto& section : after_.sections) {
      if (section.valid && !find(before_, section.name)) out_.push_back({section.name, "", "not there", "there"});
    }
    access(out_, confparse::to_settings(before_), confparse::to_settings(after_));
    return std::move(out_);
  }

 private:
  static const confparse::Section* find(const confparse::Configuration& in, const std::string& name) {
    for (const auto& section : in.sections) {
      if (section.valid && equal_ignoring_case(section.name, name)) return &section;
    }
    return nullptr;
  }
  void compare(const std::string& section, ParameterId id, const confparse::Section* a, const confparse::Section* b) {
    const auto& name = confparse::parameter(id).name;
    if (std::ranges::find(access_parameters, name) != std::end(access_parameters)) return;
    auto was = effect(name, before_.value(id, a)), is = effect(name, after_.value(id, b));
    if (was != is) out_.push_back({section, std::string(name), before_.value(id, a).text, after_.value(id, b).text});
  }

  const confparse::Configuration &before_, &after_;
  std::vector<Difference> out_;
};

std::string fusion_effect(const fusion::Section& section, const fusion::Section* global, const fusion::Parameter& row) {
  std::string_view text;
  if (const auto* own = section.find(row.name)) text = own->value;
  else if (global && row.scope == fusion::Scope::both && row.name != "dfs" && row.name != "security") text = global->value(row.name);
  else text = section.value(row.name);
  switch (row.type) {
    case fusion::Type::Integer: return std::to_string(fusion::number_of(text));
    case fusion::Type::Octal: return std::to_string(fusion::octal_of(text));
    case fusion::Type::Dialects: {
      std::vector<std::string> words;
      for (const auto& word : fusion::split(text, ' ')) words.emplace_back(word.text);
      std::erase(words, "");
      std::ranges::sort(words);
      words.erase(std::unique(words.begin(), words.end()), words.end());
      return sorted(words);
    }
    case fusion::Type::Listen: {
      std::vector<std::string> lines;
      for (const auto* line : section.all(row.name)) lines.push_back(line->value);
      return sorted(lines);
    }
    case fusion::Type::Params: {
      std::vector<std::string> pieces;
      for (const auto& [key, value] : fusion::params_of(text)) pieces.push_back(key + "=" + value);
      return sorted(pieces);
    }
    case fusion::Type::Name: return to_upper(text);
    default: return row.name == "domain" ? to_upper(text) : std::string(text);
  }
}

}  // namespace

std::vector<Difference> differences(const confparse::Configuration& before, const confparse::Configuration& after) { return SambaDifferences(before, after).run(); }

std::vector<Difference> differences(const fusion::Configuration& before, const fusion::Configuration& after) {
  std::vector<Difference> out;
  auto compare = [&](const std::string& name, const fusion::Section& a, const fusion::Section* global_a, const fusion::Section& b, const fusion::Section* global_b) {
    for (const auto& row : fusion::parameters()) {
      if (!row.fits(a.global) || row.type == fusion::Type::Permissions || row.name == "netname" || row.name == "dialects" || row.name == "dialect_max") continue;
      if (row.default_text == "?" && !a.find(row.name) && !(global_a && global_a->find(row.name))) continue;  // what silence means is not established
      auto was = fusion_effect(a, global_a, row), is = fusion_effect(b, global_b, row);
      if (was != is) out.push_back({name, std::string(row.name), was, is});
    }
    for (const auto& setting : a.settings) {
      if (!setting.parameter && !b.find(setting.key)) out.push_back({name, setting.key, setting.value, ""});
    }
  };
  compare("global", before.global, nullptr, after.global, nullptr);
  for (const auto& share : before.shares) {
    if (const auto* other = after.find_share(share.name)) compare(share.name, share, &before.global, *other, &after.global);
    else out.push_back({share.name, "", "there", "gone"});
  }
  for (const auto& share : after.shares) {
    if (!before.find_share(share.name)) out.push_back({share.name, "", "not there", "there"});
  }
  auto a = fusion::to_settings(before, {}, "host"), b = fusion::to_settings(after, {}, "host");
  for (auto dialect : {policy::Dialect::smb2_02, policy::Dialect::smb2_10, policy::Dialect::smb3_00, policy::Dialect::smb3_02, policy::Dialect::smb3_11}) {
    bool was = policy::dialect_enabled(a, dialect), is = policy::dialect_enabled(b, dialect);
    if (was != is) out.push_back({"global", "dialects", std::string(fusion::name_of(dialect)) + (was ? " on" : " off"), is ? "on" : "off"});
  }
  for (auto* settings : {&a, &b}) {
    for (auto& share : settings->shares) share.not_served_because.clear();
  }
  access(out, a, b);
  return out;
}

std::vector<Difference> differences(const policy::Settings& before, const policy::Settings& after) {
  std::vector<Difference> out;
  auto note = [&](const std::string& section, std::string_view what, const std::string& was, const std::string& is) {
    if (was != is) out.push_back({section, std::string(what), was, is});
  };
  auto yes = [](bool value) { return std::string(value ? "yes" : "no"); };
  auto words = [](std::vector<std::string> list) {
    std::string text;
    for (const auto& one : list) text += (text.empty() ? "" : " ") + one;
    return text;
  };
  auto spoken = [](const policy::Settings& settings) {
    std::string text;
    for (auto dialect : {policy::Dialect::smb2_02, policy::Dialect::smb2_10, policy::Dialect::smb3_00, policy::Dialect::smb3_02, policy::Dialect::smb3_11}) {
      if (policy::dialect_enabled(settings, dialect)) text += (text.empty() ? "" : " ") + std::string(policy::dialect_name(dialect));
    }
    return text;
  };
  auto ports = [](const policy::Settings& settings) {
    auto list = settings.ports;
    std::ranges::sort(list);
    std::string text;
    for (auto port : list) text += std::to_string(port) + " ";
    return text;
  };
  note("global", "dialects", spoken(before), spoken(after));
  note("global", "unsigned requests, where signing is required", before.drop_unsigned ? "dropped" : "refused", after.drop_unsigned ? "dropped" : "refused");
  note("global", "server name", to_upper(before.netbios_name), to_upper(after.netbios_name));
  note("global", "workgroup", to_upper(before.workgroup), to_upper(after.workgroup));
  note("global", "ports", ports(before), ports(after));
  note("global", "interfaces", words(before.interfaces), words(after.interfaces));
  note("global", "guests", yes(before.map_to_guest != policy::MapToGuest::never), yes(after.map_to_guest != policy::MapToGuest::never));
  for (const auto& share : before.shares) {
    const auto* other = after.find_share(share.name);
    if (!other) {
      note(share.name, "", "there", "gone");
      continue;
    }
    note(share.name, "path", share.path, other->path);
    note(share.name, "comment", share.comment, other->comment);
    note(share.name, "shown in lists", yes(share.browseable), yes(other->browseable));
    note(share.name, "names mind the case", yes(share.case_sensitive == policy::CaseSensitive::yes), yes(other->case_sensitive == policy::CaseSensitive::yes));
    note(share.name, "vetoed names", share.veto_files, other->veto_files);
    note(share.name, "hidden dot files", yes(share.hide_dot_files), yes(other->hide_dot_files));
    note(share.name, "force user", share.force_user, other->force_user);
  }
  for (const auto& share : after.shares) {
    if (!before.find_share(share.name)) note(share.name, "", "not there", "there");
  }
  access(out, before, after);
  return out;
}

}  // namespace bossa::migrate
