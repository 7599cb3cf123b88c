#include "confparse/dump.hpp"

#include <algorithm>
#include <vector>

#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

bool same(const Parameter& row, std::string_view a, std::string_view b) {
  if (a == b) return true;
  bool text = row.type == Type::String || row.type == Type::UString;
  return text ? equal_ignoring_case(a, b) : a == b;  // Samba compares strings without case here
}

void print(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::string_view separator = " = ";
  auto at = out.size();
  out.resize(at + 1 + name.size() + separator.size() + value.size() + 1);
  auto put = [to = out.data() + at](std::string_view text) mutable { to = std::copy(text.begin(), text.end(), to); };
  put("\t");
  put(name);
  put(separator);
  put(value);
  put("\n");
}

bool is_printed(const Parameter& row) { return row.standing != Standing::hidden && row.standing != Standing::later; }

void print_options(std::string& out, const std::vector<Option>& options) {
  for (auto option = options.rbegin(); option != options.rend(); ++option) print(out, option->name, option->value);
}

class Dump {
 public:
  Dump(const Configuration& from, const DumpOptions& options) : from_(from), options_(options) {
    static const auto log_level = id_of("log level");
    log_level_ = log_level;
  }

  std::string global() const {
    std::string out = "# Global parameters\n[global]\n";
    each(Scope::global, [&](ParameterId id, const Parameter& row) {
      const auto* setting = from_.setting(id);
      if (!options_.defaults_too && setting && setting->silent) return;
      auto value = from_.value(id).text;
      if (id == log_level_ && !options_.defaults_too) return;  // testparm has set its own
      if (id == log_level_) value = options_.log_level;
      if (options_.defaults_too || !same(row, value, default_value(row, from_.host_name).text)) print(out, row.name, value);
    });
    auto options = from_.options;
    auto backend = std::ranges::find(options, "idmapconfig*:backend", &Option::key);
    Option idmap{"idmap config * : backend", "idmapconfig*:backend", "tdb", {}};
    if (backend != options.end()) idmap.value = backend->value, options.erase(backend);
    auto older = static_cast<std::ptrdiff_t>(std::min(from_.options_from_command_line, options.size()));
    options.insert(options.begin() + older, idmap);
    print_options(out, options);
    each(Scope::share, [&](ParameterId id, const Parameter& row) {
      const auto* setting = from_.setting(id);
      if (!options_.defaults_too && (!setting || setting->silent)) return;
      auto value = from_.value(id).text;
      bool shown = options_.defaults_too || row.type == Type::Char;  // testparm prints a character even when it is the default
      auto given = from_.from_command_line.find(id);
      auto usual = given != from_.from_command_line.end() ? given->second : default_value(row, from_.host_name).text;
      if (shown || !same(row, value, usual)) print(out, row.name, value);
    });
    return out;
  }

  void share(const Section& section, std::string& out) {
    out += '[';
    out += section.name;
    out += "]\n";
    if (from_.share_defaults.empty() && (!section.defaults || section.defaults->empty())) {
      for (const auto& [id, setting] : section.own) show(out, parameter(id), setting.value.text, parameter(id).default_text);
      return print_options(out, section.options);
    }
    // Only what somebody has set can differ from [global]'s final defaults.
    ids_.clear();
    for (const auto* map : {&section.own, section.defaults.get(), &from_.share_defaults}) {
      if (!map) continue;
      for (const auto& [id, setting] : *map) ids_.push_back(id);
    }
    if (!std::ranges::is_sorted(ids_)) std::ranges::sort(ids_);
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    for (auto id : ids_) {
      const auto *mine = from_.setting(id, &section), *global = from_.setting(id);
      std::string_view default_text = parameter(id).default_text;  // no share parameter's default depends on the host
      show(out, parameter(id), mine ? mine->value.text : default_text, global ? global->value.text : default_text);
    }
    print_options(out, section.options);
  }

 private:
  static void show(std::string& out, const Parameter& row, std::string_view value, std::string_view usual) {
    if (is_printed(row) && !same(row, value, usual)) print(out, row.name, value);
  }
  template <class F> static void each(Scope scope, F f) {
    for (ParameterId id = 0; id < parameters().size(); ++id) {
      const auto& row = parameter(id);
      if (row.scope == scope && is_printed(row)) f(id, row);
    }
  }
  const Configuration& from_;
  const DumpOptions& options_;
  ParameterId log_level_;
  std::vector<ParameterId> ids_;  // of one share; kept for its room
};

}  // namespace

void dump(const Configuration& configuration, const std::function<void(std::string_view)>& write, const DumpOptions& options) {
  constexpr std::size_t piece = 1 << 16;
  if (configuration.fatal) return;
  Dump dump(configuration, options);
  auto out = dump.global();
  for (const auto& section : configuration.sections) {
    out += '\n';
    if (section.valid) {
      out += '\n';
      dump.share(section, out);
    }
    if (out.size() < piece) continue;
    write(out);
    out.clear();
  }
  write(out);
}

std::string dump(const Configuration& configuration, const DumpOptions& options) {
  std::string out;
  dump(configuration, [&](std::string_view text) { out += text; }, options);
  return out;
}

std::optional<std::string> dump_section(const Configuration& configuration, std::string_view name, const DumpOptions& options) {
  Dump dump(configuration, options);
  if (equal_ignoring_case(name, "global")) return dump.global();  // and not "globals"
  for (const auto& section : configuration.sections) {
    if (!section.valid || !equal_ignoring_case(section.name, name)) continue;
    std::string out = "\n";
    dump.share(section, out);
    return out;
  }
  return std::nullopt;
}

std::optional<std::string> dump_parameter(const Configuration& configuration, std::string_view section, std::string_view name,
                                          const DumpOptions& options) {
  const Section* share = nullptr;
  if (!equal_ignoring_case(section, "global")) {
    auto found = std::ranges::find_if(configuration.sections, [&](const Section& one) { return one.valid && equal_ignoring_case(one.name, section); });
    if (found == configuration.sections.end()) return std::nullopt;
    share = &*found;
  }
  if (name.find(':') != std::string_view::npos) {
    auto key = folded_name(name);
    for (const auto* all : {share ? &share->options : nullptr, &configuration.options}) {
      if (!all) continue;
      if (auto option = std::ranges::find(*all, key, &Option::key); option != all->end()) return option->value + "\n";
    }
    return std::nullopt;
  }
  auto found = find_parameter(name);
  if (!found || (share && parameter(found->id).scope == Scope::global)) return std::nullopt;
  if (parameter(found->id).name == "log level") return options.log_level + "\n";
  auto value = configuration.text(found->id, share);
  if (found->inverted) value = value == "Yes" ? "No" : "Yes";
  return std::string(value) + "\n";
}

namespace {

// Other names that testparm lists apart from their parameter, and the row after which it does.
struct Apart {
  std::string_view synonym, after;
};
constexpr Apart listed_apart[] = {{"smb encrypt", "smbd search ask sharemode"}, {"enable spoolss", "enable privileges"}, {"writeable", "wide links"}, {"writable", "wide links"}, {"write ok", "wide links"}};

std::string spellings(std::string_view values) {
  std::string out;
  for (auto rest = values; !rest.empty();) {
    auto bar = rest.find('|');
    auto one = rest.substr(0, bar);
    out += (out.empty() ? "" : "|") + std::string(one.substr(0, one.find('=')));
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  return out;
}

std::string type_of(const Parameter& row, bool inverted) {
  static constexpr std::string_view types[] = {"P_BOOL", "P_ENUM", "P_INTEGER", "P_OCTAL", "P_BYTES",
                                               "P_STRING", "P_USTRING", "P_LIST", "P_CMDLIST", "P_CHAR"};
  if (inverted) return "P_BOOLREV,";
  auto out = std::string(types[static_cast<int>(row.type)]) + ",";
  return row.type == Type::Enum ? out + spellings(row.values) + "," : out;
}

void print_synonym(std::string& out, const Parameter& row, const Synonym& synonym) {
  out += std::string(synonym.name) + "=" + type_of(row, synonym.inverted) + "FLAG_SYNONYM (" + (synonym.inverted ? "inverse " : "") + "synonym of " +
         std::string(row.name) + ")\n";
}

void print_row(std::string& out, const Parameter& row) {
  out += std::string(row.name) + "=" + type_of(row, false) + (row.standing == Standing::deprecated ? "FLAG_DEPRECATED" : "");
  std::string names;
  for (const auto& synonym : synonyms()) {
    if (synonym.parameter == row.name) names += (names.empty() ? "" : ", ") + std::string(synonym.name) + (synonym.inverted ? "[i]" : "");
  }
  out += (names.empty() ? "" : " (synonyms: " + names + ")") + "\n";
  for (const auto& synonym : synonyms()) {
    if (synonym.parameter == row.name && std::ranges::find(listed_apart, synonym.name, &Apart::synonym) == std::end(listed_apart))
      print_synonym(out, row, synonym);
  }
  for (const auto& [name, after] : listed_apart) {
    auto synonym = std::ranges::find(synonyms(), name, &Synonym::name);
    if (after == row.name && synonym != synonyms().end()) print_synonym(out, parameter(id_of(synonym->parameter)), *synonym);
  }
}

}  // namespace

std::string dump_table() {
  std::string out;
  for (auto scope : {Scope::share, Scope::global}) {
    out += scope == Scope::share ? "[local]\n" : "[global]\n";
    for (const auto& row : parameters()) {
      if (row.scope == scope && row.standing != Standing::later) print_row(out, row);
    }
  }
  return out;
}

}  // namespace bossa::confparse
