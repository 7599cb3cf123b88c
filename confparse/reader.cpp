// Statements become settings, in the order and with the side effects that Samba has.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <unordered_map>

#include "confparse/configuration.hpp"
#include "confparse/name_index.hpp"
#include "confparse/printing.hpp"
#include "confparse/special_values.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse {
namespace {

constexpr unsigned include_depth_limit = 100;
constexpr unsigned include_count_limit = 100000;  // files that include others twice each would never end

std::optional<std::string> file_text(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return std::nullopt;
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text;
  if (auto size = std::filesystem::file_size(path, ignored); !ignored) text.reserve(size + 1);
  char buffer[1 << 16];
  while (in.read(buffer, sizeof buffer) || in.gcount() > 0) text.append(buffer, static_cast<std::size_t>(in.gcount()));
  if (in.bad()) return std::nullopt;
  return text;
}

// The parameters that the reader itself acts on.
struct KnownIds {
  ParameterId include = id_of("include"), copy = id_of("copy"), config_backend = id_of("config backend"), dos_charset = id_of("dos charset"),
              printing = id_of("printing"), idmap_uid = id_of("idmap uid"), idmap_gid = id_of("idmap gid"), idmap_backend = id_of("idmap backend"),
              path = id_of("path"), available = id_of("available"), printable = id_of("printable"), browseable = id_of("browseable"),
              msdfs_proxy = id_of("msdfs proxy"), registry_shares = id_of("registry shares"), server_role = id_of("server role"), security = id_of("security"), valid = id_of("-valid"),
              netbios_name = id_of("netbios name");
};
const KnownIds& known_ids() {
  static const KnownIds made;
  return made;
}

class Reader {
 public:
  Reader(Configuration& configuration, const ReadOptions& options) : out_(configuration), options_(options), ids_(known_ids()) {}

  void override_from_command_line() {
    auto file = add_file("command line");
    decltype(locked_) locked;  // from the end on: of two options the second counts
    for (const auto& one : options_.overrides) {
      auto document = smbconf::parse("command line", one);
      place_ = {file, 0, 0};
      bool understood = document.statements.size() == 1 && document.statements[0].kind == smbconf::StatementKind::setting;
      if (!understood) return fail("option '" + one + "' has not the form name=value");
      if (!find_parameter(document.statements[0].name) && document.statements[0].name.find(':') == std::string::npos)
        return fail("option '" + one + "': there is no such parameter");
      set(document.statements[0], out_.events.size());
      if (out_.fatal) return;
      if (auto found = find_parameter(document.statements[0].name)) locked.push_back({found->id, found->inverted});
    }
    for (auto* map : {&out_.global, &out_.share_defaults}) {
      for (auto& [id, setting] : *map) {
        out_.from_command_line[id] = setting.value.text;
        setting.silent = true;
      }
    }
    locked_ = std::move(locked);
    out_.options_from_command_line = out_.options.size();
  }
  void run(std::string name, std::string text) {
    auto file = add_file(name);
    auto document = std::make_shared<smbconf::Document>();
    document->file = std::move(name);
    document->text = std::move(text);
    out_.documents.push_back(document);
    auto number = static_cast<std::uint32_t>(out_.documents.size() - 1);
    make_room(document->text);
    smbconf::walk(document->text, [&](const smbconf::Statement& statement) {
      place_ = {file, statement.line, statement.column};
      auto slot = out_.events.size();
      if (options_.record) {
        auto index = static_cast<std::uint32_t>(document->statements.size());
        document->statements.push_back(statement);
        out_.events.push_back({number, index, in_global_ ? -1 : static_cast<std::int32_t>(section_), {}, {}, {}});
        event_ = {};
      }
      take(statement, slot);
      return !out_.fatal;
    });
    if (!options_.record) std::string().swap(document->text);
  }
  bool failed() const { return failed_; }
  // What Samba does once all is read.
  void finish();

 private:
  std::uint32_t add_file(const std::string& name) {
    for (std::uint32_t i = 0; i < out_.files.size(); ++i) {
      if (out_.files[i] == name) return i;
    }
    out_.files.push_back(name);
    return static_cast<std::uint32_t>(out_.files.size() - 1);
  }
  // For as many sections as there may be, within reason.
  void make_room(std::string_view text) {
    constexpr std::size_t limit = 1 << 14;
    std::size_t more = 0;
    for (auto at = text.find('['); at != std::string_view::npos && more < limit; at = text.find('[', at + 1)) ++more;
    if (out_.sections.capacity() - out_.sections.size() >= more) return;
    out_.sections.reserve(std::max(out_.sections.size() + more, 2 * out_.sections.capacity()));
  }
  void say(Severity severity, std::string message) { out_.diagnose(severity, place_, std::move(message)); }
  void fail(std::string message) {
    event_.outcome = Outcome::refused;
    event_.problem = message;
    say(Severity::fatal, std::move(message));
    failed_ = true;
    if (!options_.record) out_.fatal = true;
  }
  // Of no return, for lint neither.
  void give_up(std::string message) {
    fail(std::move(message));
    out_.fatal = true;
  }

  void take(const smbconf::Statement& statement, std::size_t slot) {
    using smbconf::StatementKind;
    switch (statement.kind) {
      case StatementKind::section: enter(statement.name); break;
      case StatementKind::setting: set(statement, slot); return;
      case StatementKind::stray_text:
        event_.outcome = Outcome::stray;
        left_out(parameter_in_front(statement.name), "'" + statement.name.substr(0, 200) + "' has no '=' and is left out, as Samba leaves it out");
        break;
      case StatementKind::nameless: fail("the line begins with '=': there is no parameter name"); break;
      case StatementKind::unclosed_section:
        if (options_.record) enter(std::string(trimmed(statement.name)));  // what was meant, to look at what follows
        fail("section header without ']'");
        break;
    }
    conclude(slot, statement.kind != StatementKind::stray_text);
  }
  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
  }
  // Files what became of a statement; `header`: it may have changed the current section.
  void conclude(std::size_t slot, bool header) {
    if (!options_.record || slot >= out_.events.size()) return;
    auto& event = out_.events[slot];
    event.outcome = event_.outcome;
    event.found = event_.found;
    event.problem = std::move(event_.problem);
    if (header) event.section = in_global_ ? -1 : static_cast<std::int32_t>(section_);
  }
  void enter(const std::string& name);
  void leave();
  void set(const smbconf::Statement& statement, std::size_t slot);
  std::string nearest(const std::string& name);
  std::optional<Found> find_spelling(const std::string& name);
  void store(ParameterId id, Value value, bool silent = false, bool inverted = false);
  void store_option(std::string_view name, std::string_view value);
  bool special(ParameterId id, const smbconf::Statement& statement, Value& value);
  void include(Value& value);
  void copy(const std::string& source_name);
  void unknown(const std::string& name);
  void left_out(std::optional<ParameterId> meant, std::string message);
  void act_as_domain_controller();
  void domain_controller_defaults();
  // Sets what nobody has written: a later copy replaces it, but where the section had set the parameter itself.
  void imply(Section& section, ParameterId id, std::string_view text) {
    auto [at, fresh] = section.own.try_emplace(id);
    at->second = {{std::string(text), {}}, place_, fresh || at->second.copied};
  }
  void leave_all_to_the_registry();
  bool is_domain_controller() const;
  std::string expanded(const std::string& text);
  Section* find(const std::string& name) {
    auto found = by_name_.find(fold_case(name));
    return found ? &out_.sections[*found] : nullptr;
  }
  bool is_locked(ParameterId id, bool inverted) const { return std::ranges::find(locked_, std::pair{id, inverted}) != locked_.end(); }
  Section* current() { return in_global_ ? nullptr : &out_.sections[section_]; }

  Configuration& out_;
  const ReadOptions& options_;
  const KnownIds& ids_;
  Place place_;
  const std::vector<Option>* indexed_ = nullptr;  // the list that index_ is of
  std::unordered_map<std::string, std::size_t> index_;
  bool in_global_ = true;
  std::size_t section_ = 0;
  unsigned depth_ = 0, includes_ = 0;
  NameIndex by_name_;                           // of sections
  std::shared_ptr<const SettingMap> snapshot_;  // of share_defaults; empty when they have changed since
  // Set on the command line, and whether under the opposite name: under that one the file can still change it, as in Samba.
  std::vector<std::pair<ParameterId, bool>> locked_;
  struct Spelling {
    std::string name;
    std::optional<Found> found;
  };
  std::array<Spelling, 128> spellings_;  // by a hash of the name
  Event event_;                                 // of the statement under way; only what conclude() takes over
  bool failed_ = false;
  std::unordered_map<std::string, std::string> nearest_;  // bounded: one search costs a look at the whole table
};

void Reader::enter(const std::string& name) {
  bool global = is_global_name(name);
  leave();
  in_global_ = true;
  if (!global && is_domain_controller()) domain_controller_defaults();
  in_global_ = global;
  event_.outcome = Outcome::opened;
  if (global) return;
  if (name.empty()) {
    fail("section without a name");
    if (!options_.record) return;
  }
  auto known = by_name_.add(fold_case(name));
  section_ = known.value_or(out_.sections.size());
  indexed_ = nullptr;
  if (known) {
    out_.sections[section_].options.clear();  // as Samba does, and nothing else is lost
    if (event_.outcome == Outcome::opened) event_.outcome = Outcome::continued;
    return say(Severity::note, "section [" + name + "] goes on with what was set before");
  }
  if (!snapshot_) snapshot_ = std::make_shared<const SettingMap>(out_.share_defaults);
  out_.sections.push_back({name, place_, {}, snapshot_, {}});
}

void Reader::store_option(std::string_view spelling, std::string_view value) {
  auto& options = in_global_ ? out_.options : current()->options;
  auto key = folded_name(spelling);
  // An index of the list in hand, made anew when another one is: a file may hold a hundred thousand.
  if (indexed_ != &options || index_.size() != options.size()) {
    indexed_ = &options;
    index_.clear();
    for (std::size_t i = 0; i < options.size(); ++i) index_.emplace(options[i].key, i);
  }
  if (auto found = index_.find(key); found != index_.end()) {
    if (in_global_ && found->second < out_.options_from_command_line) return;
    options[found->second].value = value;
    options[found->second].place = place_;
    return;
  }
  index_.emplace(key, options.size());
  std::string name{spelling};
  std::ranges::transform(name, name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  options.push_back({std::move(name), std::move(key), std::string(value), place_});
}

// find_parameter, with the spellings that came last kept: a file spells a name alike throughout.
std::optional<Found> Reader::find_spelling(const std::string& name) {
  if (name.empty()) return std::nullopt;
  auto& memo = spellings_[(name.size() * 5 + static_cast<unsigned char>(name.front()) * 3 + static_cast<unsigned char>(name.back())) % spellings_.size()];
  if (memo.name != name) memo = {name, find_parameter(name)};
  return memo.found;
}

std::string Reader::nearest(const std::string& name) {
  constexpr std::size_t limit = 256;
  auto found = nearest_.find(name);
  if (found == nearest_.end()) {
    if (nearest_.size() >= limit) return {};
    found = nearest_.emplace(name, nearest_parameter(name)).first;
  }
  return found->second;
}

// A line that is left out: worse when it was to decide who gets in.
void Reader::left_out(std::optional<ParameterId> meant, std::string message) {
  constexpr std::size_t limit = 1000;
  bool access = meant && concern(*meant) == Concern::access;
  if (access && out_.access_mistakes.size() < limit)
    out_.access_mistakes.push_back({in_global_ ? -1 : static_cast<std::int32_t>(section_), place_, message});
  say(access ? Severity::error : Severity::warning, std::move(message));
}

void Reader::unknown(const std::string& name) {
  auto near = find_other(name) ? std::string{} : nearest(name);
  auto message = "unknown parameter '" + name + "' is left out";
  if (near.empty()) return left_out({}, std::move(message));
  left_out(find_parameter(near)->id, message + "; did you mean '" + near + "'?");
}

void Reader::set(const smbconf::Statement& statement, std::size_t slot) {
  auto found = find_spelling(statement.name);
  event_.found = found;
  if (!found) {
    bool option = statement.name.find(':') != std::string::npos;
    event_.outcome = option ? Outcome::option : Outcome::unknown;
    conclude(slot, false);
    if (option) return store_option(statement.name, statement.value);
    return unknown(statement.name);
  }
  const auto& row = parameter(found->id);
  if (row.standing == Standing::deprecated) say(Severity::note, "'" + std::string(row.name) + "' is deprecated");
  if (row.scope == Scope::global && !in_global_) {
    event_.outcome = Outcome::misplaced;
    left_out(found->id, "'" + std::string(row.name) + "' belongs into [global] and is left out of section [" + current()->name + "]");
    return conclude(slot, false);
  }
  // What the command line has set holds, in shares too: the file's value is not even looked at.
  if (is_locked(found->id, found->inverted)) return conclude(slot, false);
  static const Value nothing;
  Value so_far;
  bool edits = row.type == Type::List;  // the only type to which the value so far matters
  if (edits) so_far = out_.value(found->id, current());
  auto parsed = parse_value(row, statement.value, found->inverted, edits ? so_far : nothing);
  if (parsed.error.empty() && row.scope == Scope::global) parsed.error = check_special_value(row.name, statement.value, parsed.value);
  if (!parsed.error.empty()) {
    fail("'" + std::string(row.name) + "': " + parsed.error);
    return conclude(slot, false);
  }
  event_.problem = parsed.warning;
  if (!parsed.warning.empty()) say(Severity::warning, "'" + std::string(row.name) + "': " + parsed.warning);
  conclude(slot, false);  // before an include brings statements of its own
  bool keep = special(found->id, statement, parsed.value);
  if (event_.outcome != Outcome::taken) conclude(slot, false);
  if (keep) store(found->id, std::move(parsed.value), found->silent, found->inverted);
}

void Reader::store(ParameterId id, Value value, bool silent, bool inverted) {
  if (auto* section = current()) {
    constexpr std::size_t usual = 8;
    if (section->own.empty()) section->own.reserve(usual);
    auto& setting = section->own.try_emplace(id).first->second;
    setting.value = std::move(value);
    setting.place = place_;
    setting.copied = false;
    setting.silent = silent;
    return;
  }
  Setting setting{std::move(value), place_, false, silent};
  if (is_locked(id, inverted)) return;
  if (parameter(id).scope == Scope::global) {
    auto before = out_.global.find(id);
    if (before != out_.global.end() && !before->second.silent) setting.silent = false;
    out_.global.insert_or_assign(id, std::move(setting));
  } else {
    auto before = out_.share_defaults.find(id);
    if (before != out_.share_defaults.end() && (!before->second.silent || out_.from_command_line.contains(id))) setting.silent = false;
    out_.share_defaults.insert_or_assign(id, std::move(setting));
    snapshot_.reset();
  }
}

// The parameters that do something when they are met. False: nothing is left to store.
bool Reader::special(ParameterId id, const smbconf::Statement& statement, Value& value) {
  if (id == ids_.include) {
    include(value);
    return !out_.fatal && !value.text.empty();
  }
  if (id == ids_.copy) copy(statement.value);
  if (id == ids_.idmap_uid || id == ids_.idmap_gid) store_option("idmap config * : range", value.text);
  if (id == ids_.idmap_backend) store_option("idmap config * : backend", value.text);
  if (id == ids_.printing && !in_global_) {
    for (const auto& [name, command] : print_commands(value.text)) {
      if (command.data()) imply(*current(), id_of(name), command);
    }
  }
  if (id == ids_.config_backend) {
    if (options_.record && value.text == "registry") store(ids_.registry_shares, {"Yes", {}});
    store(id, std::move(value), true);  // testparm shows what follows from it instead
    return false;
  }
  if (id == ids_.dos_charset && (folded_name(value.text) == "utf8" || folded_name(value.text) == "utf-8")) {
    say(Severity::warning, "'dos charset' must not be UTF-8; CP850 is taken");
    value.text = "CP850";
  }
  return !out_.fatal;
}

std::string Reader::expanded(const std::string& text) {
  auto macros = options_.macros;
  macros.host_name = macros.host_name.empty() ? to_lower(out_.host_name) : macros.host_name;
  macros.server_name = out_.text(ids_.netbios_name);
  if (policy::depends_on_client(text)) out_.per_client = true;
  return policy::expand(text, macros);
}

void Reader::include(Value& value) {
  if (value.text.empty()) return;
  if (value.text == "registry") {
    if (in_global_) store(ids_.registry_shares, {"Yes", {}});
    event_.problem = "the registry is not read";
    say(Severity::error, "'include = registry': the registry is not read; 'net conf list' prints what it holds, for a file to include");
    value.text.clear();
    return;
  }
  auto name = expanded(value.text);
  value.text = name;
  auto text = options_.read_file ? options_.read_file(name) : file_text(name);
  store(ids_.include, value);  // before the file is read: sections that it opens inherit the value
  value.text.clear();
  if (!text) {
    event_.outcome = Outcome::not_read;
    return say(Severity::note, "include file '" + name + "' cannot be read and is passed over, as Samba passes it over");
  }
  if (++depth_ > include_depth_limit) return give_up("more than 100 files include one another");
  if (++includes_ > include_count_limit) return give_up("more than " + std::to_string(include_count_limit) + " includes in all");
  auto here = place_;
  run(name, std::move(*text));  // its last section stays the current one afterwards
  --depth_;
  place_ = here;
  event_ = {};
}

void Reader::copy(const std::string& source_name) {
  auto* target = current();
  if (!target) return fail("'copy' in [global]: there is no share to copy into");
  auto* source = find(source_name);
  if (source && out_.text(ids_.valid, source) == "No") source = nullptr;  // is not there for Samba either
  if (!source) return fail("'copy': there is no section [" + source_name + "] above");
  if (source == target) return fail("'copy': section [" + target->name + "] copies itself");
  SettingMap explicit_ones;
  for (auto& [id, setting] : target->own) {
    if (!setting.copied) explicit_ones.emplace_hint(explicit_ones.end(), id, std::move(setting));
  }
  target->own = std::move(explicit_ones);
  for (auto [id, setting] : source->own) {
    setting.copied = true;
    target->own.emplace(id, std::move(setting));
  }
  target->defaults = source->defaults;
  // Options are taken over newest first, also those that the target has set itself.
  for (auto option = source->options.rbegin(); option != source->options.rend(); ++option) {
    auto found = std::ranges::find(target->options, option->key, &Option::key);
    if (found == target->options.end()) {
      target->options.push_back(*option);
    } else {
      found->value = option->value;
    }
  }
}

// `config backend = registry`: for Samba nothing of the file counts but what the command line sets too; all is in the registry.
void Reader::leave_all_to_the_registry() {
  auto backend = out_.global.find(ids_.config_backend)->second;
  place_ = backend.place;
  say(Severity::error, "'config backend = registry': as for Samba, nothing else of the file counts, and the registry is not read; "
                       "'net conf list' prints what it holds, to take the place of this file");
  for (auto* map : {&out_.global, &out_.share_defaults}) {
    SettingMap kept;
    for (auto& [id, setting] : *map) {
      if (is_locked(id, false)) kept.emplace_hint(kept.end(), id, std::move(setting));
    }
    *map = std::move(kept);
  }
  out_.global.insert_or_assign(ids_.config_backend, std::move(backend));
  store(ids_.registry_shares, {"Yes", {}});
  out_.options.resize(out_.options_from_command_line);
  for (auto& section : out_.sections) {  // they are there for testparm, as ones that are not valid
    section.options.clear();
    section.own.clear();
    section.own[ids_.valid] = {{"No", {}}, place_};
  }
}

void Reader::finish() {
  static const auto ntlmv2 = id_of("client NTLMv2 auth"), lanman = id_of("client lanman auth"),
                    plaintext = id_of("client plaintext auth");
  leave();
  in_global_ = true;
  if (!options_.record && out_.text(ids_.config_backend) == "registry") leave_all_to_the_registry();
  if (is_domain_controller()) act_as_domain_controller();
  // The weaker ways of logging on fall with the stronger demand.
  if (out_.value(ntlmv2).text == "Yes") out_.global.erase(lanman);
  if (out_.value(lanman).text != "Yes") out_.global.erase(plaintext);
  for (auto& section : out_.sections) section.valid = out_.text(ids_.valid, &section) == "Yes";
}

// What Samba looks at when a section ends, and so again each time that it is opened anew.
void Reader::leave() {
  auto* section = current();
  if (!section) return;
  auto here = place_;
  place_ = section->place;
  auto force = [&](ParameterId id, const char* text) { imply(*section, id, text); };
  if (is_printers(section->name)) {
    if (out_.text(ids_.printable, section) != "Yes") say(Severity::warning, "[printers] is printable, whatever it says");
    force(ids_.printable, "Yes");
    force(ids_.browseable, "No");
  }
  bool needs_path = !is_homes(section->name) && out_.text(ids_.msdfs_proxy, section).empty();
  if (needs_path && out_.text(ids_.path, section).empty() && out_.text(ids_.available, section) == "Yes") {
    say(Severity::warning, "share [" + section->name + "] has no path and is not available");
    force(ids_.available, "No");
  }
  place_ = here;
}

// What Samba sets by itself in that role.
void Reader::act_as_domain_controller() {
  static constexpr std::pair<const char*, const char*> implied[] = {
      {"winbindd:use external pipes", "true"}, {"rpc_server:default", "external"},  {"rpc_server:svcctl", "embedded"},
      {"rpc_server:srvsvc", "embedded"},       {"rpc_server:eventlog", "embedded"}, {"rpc_server:ntsvcs", "embedded"},
      {"rpc_server:winreg", "embedded"},       {"rpc_server:spoolss", "embedded"},  {"rpc_daemon:spoolssd", "embedded"},
      {"rpc_server:tcpip", "no"},
  };
  place_ = {};
  in_global_ = true;
  store(id_of("passdb backend"), {"samba_dsdb", {}});
  for (const auto& [name, value] : implied) store_option(name, value);
}

// The same role's share defaults, set whenever a share begins.
void Reader::domain_controller_defaults() {
  for (auto name : {"map archive", "map hidden", "map system"}) store(id_of(name), {"No", {}});
  store(id_of("map readonly"), {"no", {}});
  store(id_of("store dos attributes"), {"Yes", {}});
  if (!out_.setting(id_of("vfs objects"))) store(id_of("vfs objects"), {"dfs_samba4 acl_xattr", {"dfs_samba4", "acl_xattr"}});
}

bool Reader::is_domain_controller() const {
  const auto* role = out_.setting(ids_.server_role);
  if (!role || role->value.text != "active directory domain controller") return false;
  const auto* security = out_.setting(ids_.security);  // makes it a member, whatever the role
  return !security || (security->value.text != "ADS" && security->value.text != "DOMAIN");
}

std::string own_host_name(const ReadOptions& options) {
  std::string name = options.host_name;
  if (name.empty()) {
    char buffer[256] = {};
    if (gethostname(buffer, sizeof buffer - 1) == 0) name = buffer;
  }
  return to_upper(name.substr(0, name.find('.')));
}

Configuration read_from(std::string name, std::string text, const ReadOptions& options) {
  Configuration out;
  out.host_name = own_host_name(options);
  Reader reader(out, options);
  if (!options.overrides.empty()) reader.override_from_command_line();
  if (!out.fatal) reader.run(std::move(name), std::move(text));
  if (!out.fatal) reader.finish();
  out.fatal = reader.failed();
  return out;
}

Configuration unreadable(const std::string& name, const ReadOptions& options) {
  Configuration out;
  out.host_name = own_host_name(options);
  out.files.push_back(name);
  out.diagnose(Severity::fatal, {}, "the file cannot be opened");
  out.fatal = true;
  return out;
}

}  // namespace

Configuration read_text(std::string name, std::string text, const ReadOptions& options) {
  return read_from(std::move(name), std::move(text), options);
}

Configuration read(const std::filesystem::path& file, const ReadOptions& options) {
  auto name = file.string();
  auto text = file_text(file);
  if (!text) return unreadable(name, options);
  auto out = read_from(name, std::move(*text), options);
  // smbd: the file that `config file` names takes the place of this one altogether, if it is there.
  static const auto config_file = id_of("config file");
  for (int hops = 0; options.follow_config_file && !out.fatal && hops < 10; ++hops) {
    auto pattern = out.value(config_file).text;
    if (pattern.empty()) break;
    auto macros = options.macros;
    macros.server_name = out.value(id_of("netbios name")).text;
    bool per_client = out.per_client || policy::depends_on_client(pattern);
    auto next = policy::expand(pattern, macros);
    auto next_text = next == name ? std::nullopt : file_text(next);
    out.per_client = per_client;
    if (!next_text) break;
    auto note = Diagnostic{Severity::note, name, 0, 0, "'config file' puts " + next + " in the place of this file"};
    name = next;
    out = read_from(name, std::move(*next_text), options);
    out.diagnostics.insert(out.diagnostics.begin(), std::move(note));
    out.per_client = out.per_client || per_client;
  }
  return out;
}

}  // namespace bossa::confparse
