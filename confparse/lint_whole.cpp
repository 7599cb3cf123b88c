// Rules about the configuration in force: settings that only make sense together.
#include <algorithm>

#include "confparse/checks.hpp"
#include "confparse/lint_rules.hpp"
#include "src/base/unicode.hpp"

namespace bossa::confparse::linting {
namespace {

class Whole {
 public:
  explicit Whole(Report& report) : report_(report), from_(report.configuration()) {}

  void run() {
    for (const auto& section : from_.sections) share(section);
    guests_without_map();
    durable(nullptr);
    other_sources();
    // The directories that testparm looks for are this machine's affair; the rest of its checks hold anywhere.
    for (auto& one : global_checks(from_, [](const std::string&) { return true; })) {
      auto& finding = report_.at(Place{}, one.severity, Concern::other, "logic", std::move(one.message));
      finding.file = one.file, finding.line = one.line, finding.column = one.column;
      finding.meaning = one.severity == Severity::error ? "testparm ends with status 1" : "testparm warns of it";
    }
  }

 private:
  const Setting* set(std::string_view name, const Section* share = nullptr) const { return from_.setting(id_of(name), share); }
  std::string text(std::string_view name, const Section* share = nullptr) const { return from_.value(id_of(name), share).text; }
  bool yes(std::string_view name, const Section* share = nullptr) const { return from_.yes(name, share); }
  // A share's own setting; what [global] says is told once, there.
  const Setting* own(std::string_view name, const Section& share) const {
    auto found = share.own.find(id_of(name));
    return found == share.own.end() || found->second.copied ? nullptr : &found->second;
  }

  void share(const Section& section) {
    if (is_printers(section.name)) {
      auto& finding = report_.at(section.place, Severity::warning, Concern::other, "printers", "[printers] is not served");
      finding.meaning = std::string(text_of(Reason::printing));
      finding.fix = "remove the section, or keep it for Samba";
      return;
    }
    if (!section.valid) return;
    no_path(section);
    if (auto* only = own("guest only", section); only && yes("guest only", &section) && !yes("guest ok", &section)) {
      auto& finding = report_.at(only, Severity::warning, Concern::access, "guest-only-without-guest-ok", "'guest only' needs 'guest ok = yes'");
      finding.meaning = "[" + section.name + "] refuses guests, and who logs on works under his own name";
      finding.fix = "add guest ok = yes, or remove the line";
    }
    if (auto* level2 = own("level2 oplocks", section); level2 && yes("level2 oplocks", &section) && !yes("oplocks", &section)) {
      auto& finding = report_.at(level2, Severity::warning, Concern::data, "oplocks-contradict", "'level2 oplocks' needs 'oplocks = yes'");
      finding.meaning = "no client of [" + section.name + "] may cache anything";
      finding.fix = "remove the line";
    }
    if (auto* wide = own("wide links", section);
        wide && yes("wide links", &section) && yes("smb1 unix extensions") && !yes("allow insecure wide links")) {
      auto& finding = report_.at(wide, Severity::warning, Concern::access, "wide-links-off", "'wide links = yes' is without effect beside 'unix extensions = yes'");
      finding.meaning = "links that lead out of [" + section.name + "] are refused";
      finding.fix = "set unix extensions = no in [global], or remove the line";
    }
    if (auto* user = set("force user", &section); user && user->value.text == "root" && yes("guest ok", &section)) {
      auto& finding = report_.at(user, Severity::warning, Concern::access, "guest-as-root", "guests of [" + section.name + "] work as root");
      finding.meaning = "whoever reaches the server may read, and where it is writable change, every file below " + text("path", &section);
      finding.fix = "force a user who owns those files and nothing else";
    }
    if (section_sets_durable(section)) durable(&section);
  }

  void no_path(const Section& section) {
    if (is_homes(section.name) || !text("path", &section).empty() || !text("msdfs proxy", &section).empty()) return;
    auto* available = own("available", section);
    bool said = available && available->place.line != section.place.line;
    auto& finding = report_.at(section.place, said ? Severity::note : Severity::warning, Concern::access, "no-path", "share [" + section.name + "] has no path");
    finding.meaning = "clients cannot connect to it";
    finding.fix = "add path = …, or remove the section";
  }

  void guests_without_map() {
    if (text("map to guest") != "Never") return;
    for (const auto& section : from_.sections) {
      if (!section.valid || is_printers(section.name) || !yes("guest ok", &section)) continue;
      auto* where = set("guest ok", &section);
      auto& finding = report_.at(where, Severity::warning, Concern::access, "guest-without-map", "'guest ok = yes' in [" + section.name + "] beside 'map to guest = Never'");
      finding.meaning = "who logs on with an unknown name is refused and never becomes the guest; only anonymous sessions do, and Windows opens none";
      finding.fix = "add map to guest = Bad User to [global], or remove guest ok";
      return;  // one place is enough: the fix is in [global]
    }
  }

  bool section_sets_durable(const Section& section) const {
    return std::ranges::any_of(std::initializer_list<std::string_view>{"durable handles", "kernel oplocks", "kernel share modes", "posix locking", "oplocks"},
                               [&](std::string_view name) { return own(name, section) != nullptr; });
  }
  // smb.conf(5): durable handles need kernel oplocks, kernel share modes and posix locking off; and an oplock or a lease to hang on.
  void durable(const Section* share) {
    if (!yes("durable handles", share)) return;
    const auto* wanted = set("durable handles", share);
    bool meant = wanted || (set("posix locking", share) && !yes("posix locking", share));
    if (!meant) return;
    std::string blockers;
    const Setting* where = wanted;
    auto blocks = [&](std::string_view name, bool value) {
      if (yes(name, share) != value) return;
      blockers += (blockers.empty() ? "" : ", ") + std::string(name) + (value ? " = yes" : " = no") + (set(name, share) ? "" : " (the default)");
      if (set(name, share) && !where) where = set(name, share);
    };
    blocks("kernel oplocks", true);
    blocks("kernel share modes", true);
    blocks("posix locking", true);
    blocks("oplocks", false);
    if (blockers.empty()) return;
    auto& finding = report_.at(where, Severity::warning, Concern::data, "durable-disabled",
                               "durable handles are off in " + (share ? "[" + share->name + "]" : std::string("every share that does not say otherwise")) + ": " + blockers);
    finding.meaning = "a client that loses its connection for a moment loses its open files and locks; local programs see locks in exchange";
    finding.fix = "turn the settings named round where no local program opens the same files, or set durable handles = no";
  }

  void other_sources() {
    if (auto* file = set("config file")) {
      auto& finding = report_.at(file, Severity::warning, Concern::access, "config-file", "'config file' puts " + in_quotes(file->value.text) + " in the place of this file");
      finding.meaning = "when that file is there, nothing else of this one is in force in the server; testparm does not show it";
      finding.fix = "check that file too: bossa-testparm lint " + file->value.text;
    }
    if (auto* registry = set("registry shares"); registry && yes("registry shares")) {
      auto& finding = report_.at(registry, Severity::warning, Concern::access, "registry", "shares of the registry are not served");
      finding.meaning = std::string(text_of(Reason::registry));
      finding.fix = "write what 'net conf list' prints into a file and include that";
    }
    auto* path = set("usershare path");
    auto* most = set("usershare max shares");
    if (most && most->value.text != "0" && (path || text("usershare path") != "")) {
      auto& finding = report_.at(most, Severity::warning, Concern::access, "usershare", "shares that users make with 'net usershare' are not served");
      finding.meaning = std::string(text_of(Reason::usershare));
      finding.fix = "add a section for each that 'net usershare list' names";
    }
  }

  Report& report_;
  const Configuration& from_;
};

}  // namespace

void check_whole(Report& report) { Whole(report).run(); }

}  // namespace bossa::confparse::linting
