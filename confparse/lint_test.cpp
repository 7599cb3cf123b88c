#include "confparse/lint.hpp"

#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <filesystem>
#include <map>

#include "confparse/testdata_reader.hpp"

using namespace bossa::confparse;
namespace fs = std::filesystem;

namespace {

// bob and alice in group staff; /srv is theirs to read, /srv/private bob's alone.
class FakeSystem final : public LintSystem {
 public:
  bool user_exists(std::string_view name) const override { return name == "bob" || name == "alice" || name == "nobody"; }
  bool group_exists(std::string_view name) const override { return name == "staff"; }
  bool netgroup_exists(std::string_view) const override { return false; }
  std::optional<Account> account(std::string_view user) const override {
    if (user == "bob") return Account{1000, {100}};
    if (user == "alice") return Account{1001, {100}};
    if (user == "nobody") return Account{65534, {65534}};
    return std::nullopt;
  }
  std::optional<struct ::stat> status(const std::string& path) const override {
    static const std::map<std::string, mode_t> modes{{"/srv", S_IFDIR | 0755}, {"/srv/private", S_IFDIR | 0700}, {"/srv/file", S_IFREG | 0644}, {"/srv/ro", S_IFDIR | 0555}};
    auto found = modes.find(path);
    if (found == modes.end()) return std::nullopt;
    struct ::stat result {};
    result.st_mode = found->second;
    result.st_uid = path == "/srv" ? 0 : 1000;
    return result;
  }
};

Configuration recorded(const std::string& text) {
  ReadOptions options;
  options.host_name = "testhost";
  options.record = true;
  options.read_file = [](const std::string&) { return std::nullopt; };
  return read_text("smb.conf", text, options);
}
std::vector<Finding> found_in(const std::string& text, bool system = false) {
  FakeSystem machine;
  return lint(recorded(text), {system ? &machine : nullptr});
}
const Finding* find(const std::vector<Finding>& findings, std::string_view rule, unsigned line = 0) {
  auto found = std::ranges::find_if(findings, [&](const Finding& one) { return one.rule == rule && (line == 0 || one.line == line); });
  return found == findings.end() ? nullptr : &*found;
}
std::string once(const std::string& text) {
  auto configuration = recorded(text);
  auto outcome = fixed(configuration, lint(configuration));
  return outcome.files.empty() ? text : outcome.files[0].text;
}
std::string repaired(std::string text) {
  for (int round = 0; round < 20; ++round) {
    auto next = once(text);
    if (next == text) break;
    text = std::move(next);
  }
  return text;
}

constexpr std::string_view share = "[s]\npath = /srv\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(linting)

struct Expected {
  std::string text;
  std::string_view rule;
  Severity severity;
  unsigned line;
};

BOOST_AUTO_TEST_CASE(each_class_is_found_where_it_stands) {
  auto s = std::string(share);
  const std::vector<Expected> cases{
      {s + "valid user = bob\n", "misspelt-parameter", Severity::error, 3},
      {s + "os levl = 3\n", "misspelt-parameter", Severity::warning, 3},
      {s + "frobnicate = 3\n", "unknown-parameter", Severity::warning, 3},
      {"bossa:isolaton = no\n", "misspelt-parameter", Severity::error, 1},
      {"bossa:frobnicate = no\n", "unknown-parameter", Severity::error, 1},
      {s + "bossa:isolation = no\n", "wrong-section", Severity::error, 3},
      {s + "server signing = mandatory\n", "wrong-section", Severity::error, 3},
      {s + "os level = 3\n", "wrong-section", Severity::warning, 3},
      {s + "read only = maybe\n", "bad-value", Severity::error, 3},
      {"server signing = strong\n", "bad-value", Severity::error, 1},
      {"deadtime = 5x\n", "doubtful-value", Severity::warning, 1},
      {s + "hosts allow = 10. # lan\n", "comment-in-value", Severity::warning, 3},
      {s + "hosts deny = 10. # all others too\n", "comment-in-value", Severity::error, 3},
      {s + "hosts allow = ALL # all may\n", "comment-in-value", Severity::warning, 3},
      {"deadtime = 5 # minutes\n", "comment-in-value", Severity::warning, 1},
      {"lanman auth = no\n", "deprecated", Severity::note, 1},
      {s + "security mask = 0777\n", "removed-parameter", Severity::warning, 3},
      {s + "vfs mkdir use tmp name = no\n", "later-parameter", Severity::warning, 3},
      {s + "create mask = 0600\ncreate mode = 0640\n", "synonyms-fight", Severity::warning, 4},
      {s + "create mask = 0600\ncreate mask = 0640\n", "set-twice", Severity::warning, 4},
      {s + "read only = yes\nwritable = yes\n", "read-only-writable", Severity::warning, 4},
      {s + "[S]\ncomment = x\n", "duplicate-section", Severity::warning, 3},
      {s + "[s ]\npath = /srv\n", "similar-section", Severity::error, 3},
      {s + "[gloabl]\n", "misspelt-section", Severity::error, 3},
      {"\xEF\xBB\xBF[s]\npath = /srv\n", "byte-order-mark", Severity::error, 1},
      {s + "valid users : bob\n", "no-equals-sign", Severity::error, 3},
      {s + "some text\n", "no-equals-sign", Severity::warning, 3},
      {"[s\npath = /srv\n", "unclosed-section", Severity::error, 1},
      {"= x\n", "broken-line", Severity::error, 1},
      {"[s]\ncomment = x\n", "no-path", Severity::warning, 1},
      {"[s]\npath = '/srv'\n", "single-quotes", Severity::error, 2},
      {s + "guest ok = yes\n", "guest-without-map", Severity::warning, 3},
      {s + "guest only = yes\n", "guest-only-without-guest-ok", Severity::warning, 3},
      {"server min protocol = SMB3\nserver max protocol = SMB2\n", "min-above-max", Severity::error, 2},
      {"server max protocol = NT1\n", "min-above-max", Severity::error, 1},
      {"server min protocol = NT1\n", "smb1-only", Severity::warning, 1},
      {"max xmit = 16384\n", "smb1-only", Severity::note, 1},
      {"server signing = disabled\n", "weak-signing", Severity::warning, 1},
      {"server max protocol = SMB2\n", "weak-encryption", Severity::warning, 1},
      {s + "smb encrypt = off\n", "weak-encryption", Severity::warning, 3},
      {"ntlm auth = yes\n", "weak-logon", Severity::warning, 1},
      {"map to guest = bad password\n", "weak-logon", Severity::warning, 1},
      {s + "hosts allow = 10.0.0.0/33\n", "bad-host", Severity::error, 3},
      {s + "durable handles = yes\n", "durable-disabled", Severity::warning, 3},
      {s + "posix locking = no\nkernel oplocks = yes\n", "durable-disabled", Severity::warning, 4},
      {"include = /nonexistent\n", "include-missing", Severity::warning, 1},
      {"include = registry\n", "registry", Severity::warning, 1},
      {"registry shares = yes\n", "registry", Severity::warning, 1},
      {"usershare max shares = 100\n", "usershare", Severity::warning, 1},
      {"config file = /etc/samba/%m.conf\n", "config-file", Severity::warning, 1},
      {"[printers]\npath = /srv\n", "printers", Severity::warning, 1},
      {s + "preexec = /bin/true\n", "not-supported", Severity::warning, 3},
      {s + "[global]\nguest ok = yes\n", "late-default", Severity::warning, 4},
      {"guest ok = yes\n" + s, "share-default", Severity::warning, 1},
      {"wins support = yes\nwins server = 10.0.0.1\n", "logic", Severity::error, 2},
  };
  for (const auto& one : cases) {
    auto findings = found_in(one.text);
    const auto* finding = find(findings, one.rule, one.line);
    BOOST_REQUIRE_MESSAGE(finding, one.rule << " in line " << one.line << " of\n" << one.text << human(findings));
    BOOST_TEST((finding->severity == one.severity), one.text << human(findings));
    BOOST_TEST(!finding->message.empty());
  }
}

BOOST_AUTO_TEST_CASE(correct_files_have_no_errors) {
  for (auto text : {"", "[global]\nworkgroup = A\n", "[global]\nserver signing = mandatory\nserver min protocol = SMB3_11\nserver max protocol = SMB3_11\n",
                    "[global]\nmap to guest = Bad User\n[pub]\npath = /srv\nguest ok = yes\nread only = yes\n",
                    "[a]\npath = /srv\nvalid users = bob @staff\nwrite list = bob\nhosts allow = 10. 127. EXCEPT 10.1.\n[my share]\npath=/srv\n[myshares]\npath=/srv\n"}) {
    for (const auto& finding : found_in(text, true)) BOOST_TEST((finding.severity != Severity::error), text << finding.message);
  }
}

BOOST_AUTO_TEST_CASE(the_machine_is_asked_for_accounts_and_paths) {
  auto s = std::string(share);
  const std::vector<Expected> cases{
      {s + "valid users = carl\n", "unknown-account", Severity::warning, 3},
      {s + "invalid users = carl\n", "unknown-account", Severity::error, 3},
      {s + "read list = @nogroup\n", "unknown-account", Severity::error, 3},
      {s + "force user = carl\n", "unknown-account", Severity::error, 3},
      {"guest account = carl\n", "unknown-account", Severity::error, 1},
      {"[s]\npath = /nowhere\n", "path-missing", Severity::warning, 2},
      {"[s]\npath = /srv/file\n", "path-missing", Severity::warning, 2},
      {"[s]\npath = srv\n", "relative-path", Severity::warning, 2},
      {"[s]\npath = /srv/private\nvalid users = alice\n", "path-unreadable", Severity::warning, 2},
      {"[s]\npath = /srv/private\nguest ok = yes\n", "path-unreadable", Severity::warning, 2},
      {"[s]\npath = /srv/ro\nforce user = bob\nread only = no\n", "path-unwritable", Severity::warning, 2},
      {"[homes]\n[bob]\npath = /srv\n", "homes-shadow", Severity::warning, 2},
  };
  for (const auto& one : cases) {
    auto findings = found_in(one.text, true);
    const auto* finding = find(findings, one.rule, one.line);
    BOOST_REQUIRE_MESSAGE(finding, one.rule << " in line " << one.line << " of\n" << one.text << human(findings));
    BOOST_TEST((finding->severity == one.severity), one.text << human(findings));
    BOOST_TEST(!find(found_in(one.text), one.rule), one.rule << " without a system");
  }
  for (auto text : {"[s]\npath = /srv/private\nvalid users = bob\nread only = no\n", "[s]\npath = /srv\nvalid users = %S @staff +staff DOM\\x S-1-5-32-544\n",
                    "[s]\npath = /srv/%U\n", "[homes]\n[carl]\npath = /srv\n"})
    BOOST_TEST(!find(found_in(text, true), "unknown-account"), text);
  BOOST_TEST(!find(found_in("[s]\npath = /srv/private\nvalid users = bob\nread only = no\n", true), "path-unreadable"));
}

BOOST_AUTO_TEST_CASE(fixes_are_the_smallest_change) {
  auto s = std::string(share);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"# c\n\n[global]\n  server  min\tprotocl=SMB3 \n; d\n", "# c\n\n[global]\n  server min protocol=SMB3 \n; d\n"},
      {s + "guest ok=ye\r\n", s + "guest ok=yes\r\n"},
      {s + "read only = yes # a\n", s + "# a\nread only = yes\n"},
      {s + "\thosts allow = 10. 127. # lan\n", s + "\t# lan\n\thosts allow = 10. 127.\n"},
      {"[global]\n\tworkgroup = A\n# b\n\n[s]\npath = /srv\n  map to guest = bad user\n# c\n", "[global]\n\tworkgroup = A\n\tmap to guest = bad user\n# b\n\n[s]\npath = /srv\n# c\n"},
      {"[global]\n[s]\npath = /srv\n# c\nmap to guest = bad user", "[global]\nmap to guest = bad user\n[s]\npath = /srv\n# c\n"},
      {"[global]\nworkgroup = A\n[s]\npath = /srv\nworkgroup = B\n", "[global]\nworkgroup = A\n[s]\npath = /srv\n"},
      {s + "read only = yes\n# why\nwritable = yes\n", s + "# why\nwritable = yes\n"},
      {s + "valid users : bob\n", s + "valid users = bob\n"},
      {"\xEF\xBB\xBF[s]\npath = /srv\n", s},
      {"[s\npath = /srv\n", s},
      {"[ s ]\npath = /srv\n", s},
      {"[globl]\nworkgroup = A\n", "[global]\nworkgroup = A\n"},
      {"[s]\npath = '/srv'\n", s},
      {"server min protocol = SMB3\nserver max protocol = SMB2\n", "server min protocol = SMB3\nserver max protocol = SMB3\n"},
      {"server siging = mandatroy\n", "server signing = mandatory\n"},
  };
  for (const auto& [before, after] : cases) {
    BOOST_TEST(repaired(before) == after, "of\n" << before);
    BOOST_TEST(repaired(after) == after);
  }
}

BOOST_AUTO_TEST_CASE(what_needs_a_decision_is_left_alone) {
  auto s = std::string(share);
  for (const auto& text : {s + "[s ]\npath = /srv/x\n", s + "guest ok = yes\n", s + "[s]\npath = /other\n", s + "frobnicate = 1\n", s + "invalid users = carl\n"})
    BOOST_TEST(repaired(text) == text);
}

BOOST_AUTO_TEST_CASE(a_file_is_written_back_byte_for_byte) {
  for (const auto& entry : fs::directory_iterator(BOSSA_SOURCE_DIR "/confparse/testdata/corpus")) {
    auto text = testing::file_bytes(entry.path());
    BOOST_TEST((written(smbconf::parse("f", text)) == text), entry.path());
  }
  std::string bytes;
  for (int i = 0; i < 4096; ++i) bytes += static_cast<char>(i * 7 % 251);
  BOOST_TEST((written(smbconf::parse("f", bytes)) == bytes));
}

BOOST_AUTO_TEST_CASE(edits_touch_nothing_but_their_span) {
  auto document = smbconf::parse("f", "a = 1\n b  c \\\n d = 2 \\\n  3\n");
  const auto& second = document.statements.at(1);
  BOOST_TEST(written(document, {{name_span(document, second), "x"}}) == "a = 1\n x = 2 \\\n  3\n");
  BOOST_TEST(written(document, {{second.value_span, "y"}}) == "a = 1\n b  c \\\n d = y\n");
  BOOST_TEST(written(document, {{line_span(document, second), ""}}) == "a = 1\n");
  BOOST_TEST(written(document, {{{0, 3}, "p"}, {{2, 5}, "q"}}) == "p 1\n b  c \\\n d = 2 \\\n  3\n");  // the later of two that overlap is left out
}

BOOST_AUTO_TEST_CASE(json_is_well_formed_whatever_the_bytes) {
  auto text = json(found_in("[s]\npath = /srv\nfrobnicate\x01\" \\ \xFF = bob\n"));
  BOOST_TEST(text.find('\x01') == std::string::npos);
  BOOST_TEST(text.find('\xFF') == std::string::npos);
  BOOST_TEST(text.starts_with("{\"version\":1,\"findings\":["));
  BOOST_TEST(text.find("\"rule\":\"unknown-parameter\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_finding_of_a_broken_file_is_told_at_once) {
  auto findings = found_in("[global]\nserver signing = x\nmap to guest = y\n[s]\npath = /srv\nread only = z\n");
  for (unsigned line : {2u, 3u, 6u}) BOOST_TEST(find(findings, "bad-value", line));
  BOOST_TEST(recorded("read only = z\n").fatal);
}

BOOST_AUTO_TEST_SUITE_END()
