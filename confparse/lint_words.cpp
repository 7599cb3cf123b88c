// What lint knows of words: consequences, near values, comments in values.
#include <algorithm>

#include "confparse/lint_rules.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::linting {
namespace {

struct Loss {
  std::string_view parameter, meaning;
};
// In the words of somebody who runs a server, for the parameters where it matters most.
constexpr Loss losses[] = {
    {"valid users", "every user who can log on may use the share"},
    {"invalid users", "the users it should keep out get in"},
    {"read list", "users who should only read may write where the share is writable"},
    {"write list", "users who should write cannot where the share is read-only"},
    {"admin users", "nobody works as root in the share"},
    {"read only", "the share is read-only, the default, unless another line says otherwise"},
    {"guest ok", "guests are refused, the default, unless another line says otherwise"},
    {"guest only", "users work under their own names, not as the guest"},
    {"hosts allow", "every address may connect"},
    {"hosts deny", "the addresses it should keep out get in"},
    {"force user", "files are made and opened as the user who logged on"},
    {"force group", "files are made with the user's own group"},
    {"create mask", "new files get the default mode 0744 at most"},
    {"force create mode", "no mode bits are added to new files"},
    {"directory mask", "new directories get the default mode 0755 at most"},
    {"force directory mode", "no mode bits are added to new directories"},
    {"path", "the share has no directory and cannot be used"},
    {"available", "the share can be used, the default"},
    {"browseable", "the share is shown in listings, the default"},
    {"veto files", "the files it should hide can be seen and opened"},
    {"follow symlinks", "symbolic links are followed, the default"},
    {"wide links", "links out of the share are refused, the default"},
    {"server signing", "unsigned sessions are taken: whoever sits between can change what is sent"},
    {"server smb encrypt", "sessions that are not encrypted are taken: whoever listens can read what is sent"},
    {"server min protocol", "every dialect from SMB2_02 on is spoken, the default"},
    {"server max protocol", "every dialect up to SMB3_11 is spoken, the default"},
    {"map to guest", "failed log-ons are refused, the default; nobody becomes the guest by mistyping"},
    {"guest account", "guests work as nobody, the default"},
    {"restrict anonymous", "anonymous sessions may list shares and users"},
    {"ntlm auth", "NTLMv2 is demanded, the default"},
    {"interfaces", "the server listens on every interface"},
    {"bind interfaces only", "the server listens on every interface"},
    {"username map", "client names are taken as they come"},
    {"passdb backend", "accounts are looked up in passdb.tdb, the default"},
    {"access based share enum", "the share is listed also for users who may not use it"},
    {"hide unreadable", "files that a user cannot read are listed all the same"},
};

}  // namespace

std::string loss_of(ParameterId id, bool global) {
  const auto& row = parameter(id);
  auto found = std::ranges::find(losses, row.name, &Loss::parameter);
  std::string text = "without it ";
  if (found != std::end(losses)) {
    text += found->meaning;
  } else {
    text += "the default is in force: " + std::string(row.name) + " = " + std::string(row.default_text);
  }
  if (global && row.scope == Scope::share) text += ", in every share that does not set it";
  return text;
}

std::string_view nearest_value(const Parameter& row, std::string_view raw) {
  std::string_view spellings = row.type == Type::Bool ? "yes|no|true|false|on|off" : row.values;
  auto wanted = folded_name(raw);
  if (wanted.empty() || wanted.size() > 64) return {};
  // A word before what looks like a comment is what was meant.
  if (auto cut = comment_in(raw); cut != std::string_view::npos && cut > 0) wanted = folded_name(raw.substr(0, cut));
  if (wanted.size() > 2 && wanted.front() == '"' && wanted.back() == '"') wanted = wanted.substr(1, wanted.size() - 2);
  std::string_view best;
  std::size_t best_distance = wanted.size() / 3 + (wanted.size() > 1 ? 2 : 1);
  bool tie = false;
  for (auto rest = spellings; !rest.empty();) {
    auto bar = rest.find('|');
    auto one = rest.substr(0, std::min(bar, rest.find('=')));
    if (bar != std::string_view::npos) one = rest.substr(0, bar), one = one.substr(0, one.find('='));
    else one = rest.substr(0, rest.find('='));
    auto away = edit_distance(wanted, folded_name(one));
    if (away < best_distance) best_distance = away, best = one, tie = false;
    else if (away == best_distance && !best.empty()) {
      Value none;
      tie = tie || parse_value(row, one, false, none).value.text != parse_value(row, best, false, none).value.text;
    }
    rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
  }
  return tie ? std::string_view{} : best;
}

std::size_t comment_in(std::string_view raw) {
  bool open = false;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '"') open = !open;
    bool mark = raw[i] == '#' || raw[i] == ';';
    bool apart = i == 0 || raw[i - 1] == ' ' || raw[i - 1] == '\t';
    // ';' alone divides list elements: a comment has a blank before it and a word after
    if (!open && mark && apart && (i + 1 == raw.size() || raw[i] == '#' || raw[i + 1] == ' ' || raw[i + 1] == ';')) return i;
  }
  return std::string_view::npos;
}

}  // namespace bossa::confparse::linting
