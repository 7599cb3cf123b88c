#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <unordered_map>

#include "confparse/fusion/configuration.hpp"
#include "confparse/fusion/value.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::fusion {
namespace {

constexpr std::string_view one_of_each = "a Fusion file has one [global] … [/global] first, then a [share] … [/share] for each share";

class Reader {
 public:
  explicit Reader(Configuration& out) : out_(out) {}

  void run() {
    if (!check_bytes()) return;
    const auto& statements = out_.document.statements;
    for (at_ = 0; at_ < statements.size(); ++at_) take(statements[at_]);
    if (section_) {
      fatal(section_->line, section_->column,
            "[" + section_word() + "] is not closed: the file may be truncated; add [/" + section_word() + "] where it ends");
      close_section(statements.empty() ? 0 : statements.size() - 1, 0);
    }
    if (!seen_global_) fatal(0, 0, "there is no [global] section; " + std::string(one_of_each));
    for (const auto& share : out_.shares) check_share(share);
    check_names();
    check_global();
  }

 private:
  void fatal(unsigned line, unsigned column, std::string message) {
    out_.fatal = true;
    out_.diagnose(Severity::fatal, line, column, std::move(message));
  }
  void warn(unsigned line, unsigned column, std::string message) { out_.diagnose(Severity::warning, line, column, std::move(message)); }
  std::string section_word() const { return unknown_ ? unknown_name_ : section_->global ? "global" : "share"; }

  // What is wrong with the bytes as such ends the reading: places in them would be guesswork.
  bool check_bytes() {
    const auto& text = out_.document.text;
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) return fatal(1, 1, "the file is UTF-16; convert it: iconv -f UTF-16 -t UTF-8"), false;
    if (auto nul = text.find('\0'); nul != std::string::npos) {
      auto [line, column] = place(nul);
      return fatal(line, column, "a NUL byte: this is no text, or a file that was cut by a crash; restore it from a copy"), false;
    }
    if (is_utf8(text)) return true;
    for (std::size_t begin = 0; begin <= text.size();) {
      auto end = std::min(text.find('\n', begin), text.size());
      if (std::string_view line(text.data() + begin, end - begin); !is_utf8(line)) {
        std::size_t good = 0;
        for (std::size_t n = 1; n <= line.size(); ++n) {
          if (is_utf8(line.substr(0, n))) good = n;
        }
        auto [number, column] = place(begin + good);
        return fatal(number, column, "this byte is not UTF-8, so encodings are mixed; convert the line, for example iconv -f ISO-8859-1 -t UTF-8"), false;
      }
      begin = end + 1;
    }
    return true;
  }
  std::pair<unsigned, unsigned> place(std::size_t offset) const {
    std::string_view before(out_.document.text.data(), offset);
    auto line_start = before.rfind('\n');
    auto column = line_start == std::string_view::npos ? offset + 1 : offset - line_start;
    return {static_cast<unsigned>(std::ranges::count(before, '\n')) + 1, static_cast<unsigned>(column)};
  }

  void take(const Statement& statement) {
    switch (statement.kind) {
      case StatementKind::open: return open(statement);
      case StatementKind::close: return close(statement);
      case StatementKind::setting: return set(statement);
      case StatementKind::unclosed: return fatal(statement.line, statement.column, "a '[' without ']'; write [global], [share] or their closing tags");
      case StatementKind::stray: break;
    }
    const auto& text = out_.document.text;
    bool semicolon = text[statement.whole.begin] == ';';
    fatal(statement.line, statement.column,
          semicolon ? "';' is not known to begin a comment; write '#'" : "neither a comment, a section nor key = value; put '#' in front, or add the '='");
  }

  void open(const Statement& statement) {
    if (section_) {
      fatal(statement.line, statement.column,
            "[" + statement.name + "] begins inside of [" + section_word() + "] of line " + std::to_string(section_->line) + "; add [/" + section_word() + "] before it");
      close_section(at_ == 0 ? 0 : at_ - 1, statement.line);
    }
    unknown_ = statement.name != "global" && statement.name != "share";
    unknown_name_ = statement.name;
    if (unknown_) {
      auto lower = to_lower(statement.name);
      if (lower == "global" || lower == "share") fatal(statement.line, statement.column, "[" + statement.name + "] is written [" + lower + "], in lower case");
      else warn(statement.line, statement.column, "[" + statement.name + "] is no known section; it is kept and has no effect (a share is a [share] that says netname)");
    }
    section_.emplace();
    section_->global = statement.name == "global";
    section_->line = statement.line;
    section_->column = statement.column;
    section_->begin = at_;
    if (section_->global && seen_global_) fatal(statement.line, statement.column, "a second [global]; put its lines into the first");
    if (statement.name == "share" && !seen_global_) fatal(statement.line, statement.column, "[share] before [global]; " + std::string(one_of_each));
    seen_global_ = seen_global_ || section_->global;
  }

  void close(const Statement& statement) {
    if (!section_) return fatal(statement.line, statement.column, "[/" + statement.name + "] closes nothing; take it out, or add [" + statement.name + "] above");
    if (statement.name != section_word())
      fatal(statement.line, statement.column, "[/" + statement.name + "] stands where [/" + section_word() + "] belongs; correct it");
    close_section(at_, statement.line);
  }
  void close_section(std::size_t statement, unsigned line) {
    section_->end = statement;
    section_->last_line = line;
    if (!unknown_ && section_->global) {
      if (out_.global.line == 0) out_.global = std::move(*section_);
    } else if (!unknown_) {
      if (const auto* name = section_->find("netname")) section_->name = name->value;
      out_.shares.push_back(std::move(*section_));
    }
    section_.reset();
  }

  void set(const Statement& statement) {
    if (!section_) return fatal(statement.line, statement.column, "'" + statement.name + "' stands outside of all sections; " + std::string(one_of_each));
    Setting setting{unknown_ ? nullptr : find_parameter(statement.name), statement.name, statement.value, statement.line, statement.column, statement.value_column};
    if (!unknown_) check_setting(setting);
    section_->settings.push_back(std::move(setting));
  }

  void check_setting(Setting& setting) {
    if (!setting.parameter) return unknown_key(setting);
    if (!setting.parameter->fits(section_->global)) {
      std::string home = setting.parameter->scope == Scope::global ? "[global]" : "a [share]";
      return fatal(setting.line, setting.column, setting.key + " belongs into " + home + "; move the line there");
    }
    if (const auto* before = section_->find(setting.key); before && setting.parameter->type != Type::Listen) {
      if (before->value != setting.value)
        return fatal(setting.line, setting.column, setting.key + " was set to '" + before->value + "' in line " + std::to_string(before->line) + " already, and which counts is not established; keep one of the two");
      warn(setting.line, setting.column, setting.key + " is repeated; take one of the two lines out");
    }
    if (auto problem = check_value(*setting.parameter, setting.value)) {
      auto column = setting.value_column + static_cast<unsigned>(problem->offset);
      auto text = setting.key + ": " + problem->message;
      problem->fatal ? fatal(setting.line, column, std::move(text)) : warn(setting.line, column, std::move(text));
    }
  }
  void unknown_key(const Setting& setting) {
    auto lower = to_lower(setting.key);
    if (find_parameter(lower)) return fatal(setting.line, setting.column, "'" + setting.key + "' is written " + lower + ", in lower case");
    auto near = nearest_parameter(lower);
    warn(setting.line, setting.column, "'" + setting.key + "' is not known; it is kept and has no effect" + (near.empty() ? "" : " (did you mean " + std::string(near) + "?)"));
  }

  void check_share(const Section& share) {
    if (!share.find("netname")) fatal(share.line, share.column, "this [share] has no netname; add netname = NAME");
    if (!share.find("path")) fatal(share.line, share.column, "share '" + share.name + "' has no path; add path = /DIRECTORY");
    const auto* permissions = share.find("permissions");
    const auto* descriptor = share.find("security_descriptor");
    if (permissions && descriptor) {
      const auto* later = permissions->line > descriptor->line ? permissions : descriptor;
      fatal(later->line, later->column, "permissions and security_descriptor cannot stand in one share; keep one of them");
    }
    if (permissions && share.value("type") == "printer") {
      for (const auto& entry : permissions_of(permissions->value)) {
        if (entry.access == "read") fatal(permissions->line, permissions->value_column + static_cast<unsigned>(entry.offset), "a printer share takes change or full only; write one of them for " + entry.id);
      }
    }
  }
  void check_names() {
    std::unordered_map<std::string, const Section*> seen;
    for (const auto& share : out_.shares) {
      if (share.name.empty()) continue;
      auto [found, fresh] = seen.emplace(fold_case(share.name), &share);
      const auto* name = share.find("netname");
      if (!fresh) fatal(name->line, name->value_column, "a share named '" + found->second->name + "' is in line " + std::to_string(found->second->find("netname")->line) + " already; rename one of them");
      if (equal_ignoring_case(share.name, "IPC$")) fatal(name->line, name->value_column, "IPC$ is made by the server; take this share out");
    }
  }
  void check_global() {
    const auto& global = out_.global;
    const auto* of_session = global.find("sess_open_files_max");
    auto all = number_of(global.value("open_files_max"));
    if (of_session && all != 0 && number_of(of_session->value) > std::max<std::uint64_t>(all, 1024))
      fatal(of_session->line, of_session->value_column, "sess_open_files_max is above open_files_max (" + std::to_string(all) + "); lower it");
    const auto* destination = global.find("log_destination");
    if (destination && destination->value == "file" && param(global.value("log_params"), "path").empty())
      fatal(destination->line, destination->value_column, "log_destination = file needs the file; add log_params = path=/FILE");
    const auto* domain = global.find("domain");
    if (domain && global.value("userdb_type") != "ad" && domain->value.size() > 15)
      fatal(domain->line, domain->value_column + 15, "a workgroup has at most 15 bytes; shorten it, or set userdb_type = ad for a domain's DNS name");
    if (global.find("dialects") && global.find("dialect_max"))
      warn(global.find("dialect_max")->line, global.find("dialect_max")->column, "dialects and dialect_max are both set; only what both allow is enabled");
  }

  Configuration& out_;
  std::optional<Section> section_;
  std::size_t at_ = 0;
  bool seen_global_ = false, unknown_ = false;
  std::string unknown_name_;
};

std::optional<std::string> file_text(const std::filesystem::path& file) {
  std::error_code problem;
  if (std::filesystem::is_directory(file, problem)) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return std::nullopt;
  return text;
}

}  // namespace

const Setting* Section::find(std::string_view key) const {
  for (auto it = settings.rbegin(); it != settings.rend(); ++it) {
    if (it->key == key) return &*it;
  }
  return nullptr;
}

std::string_view Section::value(std::string_view key) const {
  if (const auto* setting = find(key)) return setting->value;
  auto fallback = parameter(key).default_text;
  return fallback == "?" ? std::string_view{} : fallback;
}

std::vector<const Setting*> Section::all(std::string_view key) const {
  std::vector<const Setting*> out;
  for (const auto& setting : settings) {
    if (setting.key == key) out.push_back(&setting);
  }
  return out;
}

const Section* Configuration::find_share(std::string_view name) const {
  for (const auto& share : shares) {
    if (equal_ignoring_case(share.name, name)) return &share;
  }
  return nullptr;
}

void Configuration::diagnose(Severity severity, unsigned line, unsigned column, std::string message) {
  diagnostics.push_back({severity, document.file, line, column, std::move(message)});
}

Configuration read_text(std::string file, std::string text) {
  Configuration out;
  out.document = parse(std::move(file), std::move(text));
  Reader(out).run();
  std::ranges::stable_sort(out.diagnostics, {}, &Diagnostic::line);
  return out;
}

Configuration read(const std::filesystem::path& file) {
  auto text = file_text(file);
  if (text) return read_text(file.string(), std::move(*text));
  Configuration out;
  out.document.file = file.string();
  out.fatal = true;
  out.diagnose(Severity::fatal, 0, 0, "the file cannot be read; check its name and permissions");
  return out;
}

bool looks_like_fusion(std::string_view text) {
  auto document = parse("", std::string(text.substr(0, std::size_t{1} << 20)));
  bool open = false;
  for (const auto& statement : document.statements) {
    if (statement.kind == StatementKind::close) return true;
    if (statement.kind == StatementKind::open && open) return false;  // the first section was not closed
    open = open || statement.kind == StatementKind::open;
    if (statement.kind == StatementKind::setting && statement.name == "netname") return true;
  }
  return false;
}

bool file_looks_like_fusion(const std::filesystem::path& file) {
  auto text = file_text(file);
  return text && looks_like_fusion(*text);
}

}  // namespace bossa::confparse::fusion
