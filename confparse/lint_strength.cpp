// Rules about dialects, signing, encryption and log-on: what today's clients demand, and what anyone on the way could do.
#include <algorithm>

#include "confparse/lint_rules.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::linting {
namespace {

int rank(const std::string& dialect) {
  static constexpr std::string_view order[] = {"CORE", "COREPLUS", "LANMAN1", "LANMAN2", "NT1", "SMB2_02", "SMB2", "SMB3_00", "SMB3_02", "SMB3"};
  auto found = std::ranges::find(order, dialect);
  return found == std::end(order) ? -1 : static_cast<int>(found - std::begin(order));
}
constexpr int smb1 = 4, smb2 = 6;

class Strength {
 public:
  explicit Strength(Report& report) : report_(report), from_(report.configuration()) {}

  void run() {
    dialects();
    signing();
    encryption();
    logon();
    guests();
  }

 private:
  const Setting* set(std::string_view name) const { return from_.setting(id_of(name)); }
  std::string text(std::string_view name) const { return from_.value(id_of(name)).text; }

  Finding& say(std::string_view name, Severity severity, std::string_view rule, std::string message, std::string meaning, std::string fix) {
    auto& finding = report_.at(set(name), severity, Concern::access, rule, std::move(message));
    finding.meaning = std::move(meaning);
    finding.fix = std::move(fix);
    return finding;
  }
  // The last statement that sets a global parameter; the edit goes there.
  const Event* statement_of(std::string_view name) const {
    const Event* last = nullptr;
    auto id = id_of(name);
    for (const auto& event : from_.events) {
      if (event.outcome == Outcome::taken && event.found && event.found->id == id && event.section < 0) last = &event;
    }
    return last;
  }

  void dialects() {
    auto min = text("server min protocol"), max = text("server max protocol");
    auto low = rank(min == "default" ? "SMB2_02" : min), high = rank(max == "default" ? "SMB3" : max);
    if (high <= smb1) {
      auto& finding = say("server max protocol", Severity::error, "min-above-max",
                          "'server max protocol = " + max + "' leaves SMB1 alone, which is never spoken", "no client can connect",
                          "write server max protocol = SMB3, or remove the line");
      if (const auto* event = statement_of("server max protocol")) report_.replace_value(finding, *event, "SMB3");
      return;
    }
    if (low > high) {
      auto where = set("server max protocol") ? "server max protocol" : "server min protocol";
      auto& finding = say(where, Severity::error, "min-above-max", "'server min protocol = " + min + "' is above 'server max protocol = " + max + "'",
                          "smbd starts and refuses every client; Bossa does not start", "write server max protocol = " + (low >= rank("SMB2_02") ? min : max));
      if (const auto* event = statement_of(where); event && where == std::string_view("server max protocol")) report_.replace_value(finding, *event, min);
      return;
    }
    if (low <= smb1) {
      say("server min protocol", Severity::warning, "smb1-only", "'server min protocol = " + min + "' asks for SMB1",
          "Bossa never speaks SMB1: such clients are refused, and the lowest dialect is SMB2_02", "write server min protocol = SMB2_02, or remove the line");
    }
    if (high <= smb2 && set("server max protocol")) {
      say("server max protocol", Severity::warning, "weak-encryption", "'server max protocol = " + max + "' rules SMB3 out",
          "no session can be encrypted, and nothing guards the choice of dialect against who sits between", "write server max protocol = SMB3, or remove the line");
    }
  }

  void signing() {
    auto value = text("server signing");
    if (set("server signing") && value == "No") {
      say("server signing", Severity::warning, "weak-signing", "'server signing = disabled' does not demand signatures",
          "on SMB2 and SMB3 it acts like auto: clients that demand signing (Windows 11 24H2 and Windows Server 2025 do) get it, all others may be tampered with on the way",
          "write server signing = mandatory");
    }
    auto algorithms = from_.value(id_of("server smb3 signing algorithms")).list;
    bool any = std::ranges::any_of(algorithms, [](const std::string& one) { return !equal_ignoring_case(one, "HMAC-SHA256"); });
    if (set("server smb3 signing algorithms") && !any)
      say("server smb3 signing algorithms", Severity::warning, "weak-signing", "only HMAC-SHA256 is left to sign with",
          "SMB 3.1.1 sessions are signed more slowly", "add AES-128-GMAC and AES-128-CMAC");
  }

  void encryption() {
    auto check = [&](const Setting* where, const std::string& value, const std::string& what) {
      if (!where || value != "No") return;
      auto& finding = report_.at(where, Severity::warning, Concern::access, "weak-encryption", "encryption is switched off " + what);
      finding.meaning = "a client that demands encryption (Windows can be set to) is refused; what all others send can be read on the way";
      finding.fix = "remove the line: by default a client that asks for encryption gets it";
    };
    auto id = id_of("server smb encrypt");
    check(from_.setting(id), from_.value(id).text, "for every share");
    for (const auto& section : from_.sections) {
      auto own = section.own.find(id);
      if (own != section.own.end() && !own->second.copied) check(&own->second, own->second.value.text, "in [" + section.name + "]");
    }
    auto ciphers = from_.value(id_of("server smb3 encryption algorithms")).list;
    bool gcm = std::ranges::any_of(ciphers, [](const std::string& one) { return to_upper(one).ends_with("GCM"); });
    if (set("server smb3 encryption algorithms") && !gcm)
      say("server smb3 encryption algorithms", Severity::note, "weak-encryption", "no GCM cipher is allowed", "encrypted sessions are slower", "add AES-128-GCM");
  }

  void logon() {
    auto ntlm = text("ntlm auth");
    if (ntlm == "ntlmv1-permitted")
      say("ntlm auth", Severity::warning, "weak-logon", "'ntlm auth = " + ntlm + "' accepts NTLMv1",
          "a password can be computed from one NTLMv1 log-on that somebody recorded; no Windows since Vista needs it", "write ntlm auth = ntlmv2-only");
    if (from_.yes("lanman auth"))
      say("lanman auth", Severity::warning, "weak-logon", "'lanman auth = yes' accepts LANMAN responses", "Bossa never does; in Samba passwords can be computed from a recorded log-on", "remove the line");
    if (set("encrypt passwords") && !from_.yes("encrypt passwords"))
      say("encrypt passwords", Severity::warning, "weak-logon", "'encrypt passwords = no' asks for passwords in clear text",
          "Bossa never takes them; no Windows of today sends them", "remove the line");
    if (set("null passwords") && from_.yes("null passwords"))
      say("null passwords", Severity::warning, "weak-logon", "'null passwords = yes' lets accounts without a password log on",
          "whoever knows such a name gets in", "remove the line and give every account a password");
  }

  void guests() {
    if (text("map to guest") == "Bad Password")
      say("map to guest", Severity::warning, "weak-logon", "'map to guest = Bad Password' makes a guest of who mistypes a password",
          "the user gets in with fewer rights and no message, and never learns why", "write map to guest = Bad User");
    if (text("map to guest") == "Never" || text("server signing") != "required") return;
    for (const auto& section : from_.sections) {
      if (!section.valid || !from_.yes("guest ok", &section)) continue;
      auto& finding = report_.at(from_.setting(id_of("guest ok"), &section), Severity::warning, Concern::access, "guest-cannot-sign",
                                 "'guest ok = yes' in [" + section.name + "] beside 'server signing = mandatory'");
      finding.meaning = "a guest session has no key to sign with: guests are refused, or work unsigned";
      finding.fix = "give the users accounts, or do without mandatory signing";
      return;
    }
  }

  Report& report_;
  const Configuration& from_;
};

}  // namespace

void check_strength(Report& report) { Strength(report).run(); }

}  // namespace bossa::confparse::linting
