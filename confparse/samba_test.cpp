// Against what Samba's testparm 4.17 printed: the recorded cases and real files.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <unistd.h>

#include "confparse/checks.hpp"
#include "confparse/dump.hpp"
#include "confparse/testdata_reader.hpp"
#include "src/policy/hosts.hpp"

using namespace bossa::confparse;
namespace fs = std::filesystem;

namespace {

const fs::path root = BOSSA_SOURCE_DIR;

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("bossa-smbconf-" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  void clear() const {
    for (const auto& entry : fs::directory_iterator(path)) fs::remove_all(entry.path());
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path / name, std::ios::binary) << text; }
};

struct Result {
  int status;
  std::string output;
};

// The directories that Debian's packages make exist, whatever this machine has.
bool directory_exists(const std::string& path) {
  return path == "/var/lib/samba" || path == "/var/cache/samba" || path == "/run/samba" || fs::is_directory(path);
}

std::string option(const testing::Case& one, const std::string& name) {
  for (const auto& argument : one.arguments) {
    if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
  }
  return {};
}

Result testparm(const fs::path& file, const testing::Case& one = {}) {
  auto configuration = read(file, {{}, {}, "testhost", false, {}});
  if (configuration.fatal) return {1, ""};
  auto parameter_name = option(one, "--parameter-name"), section = option(one, "--section-name");
  if (!parameter_name.empty() || !section.empty()) {
    auto text = parameter_name.empty() ? dump_section(configuration, section) : dump_parameter(configuration, "global", parameter_name);
    return {text ? 0 : 1, text.value_or("")};
  }
  int status = 0;
  for (const auto& finding : global_checks(configuration, directory_exists)) status |= finding.severity == Severity::error;
  return {status, dump(configuration)};
}

// The cases whose files were too long to record whole.
void rebuild(testing::Case& one) {
  if (one.id.starts_with("include-depth-")) {
    int count = std::stoi(one.id.substr(14));
    one.files.erase("...");
    for (int i = 0; i < count; ++i) {
      bool last = i + 1 == count;
      one.files["d" + std::to_string(i) + ".conf"] = last ? "workgroup = DEEP\n" : "include = @DIR@/d" + std::to_string(i + 1) + ".conf\n";
    }
  } else if (one.id == "long-4k" || one.id == "long-64k" || one.id == "long-1m") {
    std::size_t size = one.id == "long-4k" ? 4096 : one.id == "long-64k" ? 65536 : 1 << 20;
    one.files = {{"t.conf", "[global]\nserver string = " + std::string(size, 'a') + "\n"}};
    one.output = "# Global parameters\n[global]\n\tserver string = " + std::string(size, 'a') + "\n\tidmap config * : backend = tdb\n";
  } else if (one.id == "many-sections") {
    std::string text;
    one.output = "# Global parameters\n[global]\n\tidmap config * : backend = tdb\n";
    for (int i = 0; i < 3000; ++i) {
      auto number = std::to_string(i);
      text += "[s" + number + "]\npath = /p" + number + "\n";
      one.output += "\n\n[s" + number + "]\n\tpath = /p" + number + "\n";
    }
    one.files = {{"t.conf", text}};
  } else if (one.id == "latin1-user") {
    one.files = {{"t.conf", "[global]\nworkgroup = f\xE9\nnetbios name = \xE9\xE8\n"}};
  }
}

void count_against_floor(const std::string& what, unsigned matches, unsigned total, unsigned floor) {
  std::printf("%s: %u of %u agree with testparm (floor %u)\n", what.c_str(), matches, total, floor);
  BOOST_TEST(matches >= floor, what << " agree less often than before");
}

unsigned corpus_matches(const fs::path& folder, unsigned& total) {
  Scratch scratch;
  auto before = fs::current_path();
  unsigned matches = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".conf") continue;
    auto expected = entry.path();
    expected.replace_extension(".testparm");
    auto text = testing::file_bytes(expected);
    auto status = testing::file_bytes(expected.string() + ".err").substr(5, 1);  // "exit N"
    scratch.clear();
    scratch.write("smb.conf", testing::file_bytes(entry.path()));
    fs::current_path(scratch.path);
    auto result = testparm("smb.conf");
    fs::current_path(before);
    ++total;
    bool same = result.output == text && std::to_string(result.status) == status;
    BOOST_TEST_MESSAGE(entry.path().filename().string() << (same ? " agrees" : " differs"));
    if (!same) std::printf("differs: %s\n", entry.path().filename().c_str());
    matches += same;
  }
  return matches;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(as_samba)

// As testparm 4.17 has it: what the command line sets is the new default, and a line under the opposite name still changes it.
BOOST_AUTO_TEST_CASE(the_command_line_wins_but_over_a_line_under_the_opposite_name) {
  auto dumped = [](const std::string& text, const std::string& option) { return dump(read_text("smb.conf", text, {{option}, {}, "testhost", false, {}})); };
  const std::string head = "# Global parameters\n[global]\n\tidmap config * : backend = tdb\n", shown = head + "\tread only = Yes\n";
  BOOST_TEST(dumped("read only = yes\n", "read only=no") == head);
  BOOST_TEST(dumped("write ok = 0\n", "read only=no") == shown);
  BOOST_TEST(dumped("write ok = 0\n", "writeable=yes") == head);
  BOOST_TEST(dumped("read only = yes\n", "writeable=yes") == shown);
  BOOST_TEST(dumped("[s]\nread only = maybe\n", "read only=no") == head + "\n\n[s]\n\tavailable = No\n");
}

// Each row was put to testparm 4.17: the status, of ids that clash, a default backend that can give out none, and what a member or 'unix password sync' needs.
BOOST_AUTO_TEST_CASE(settings_that_cannot_work_fail_as_in_testparm) {
  struct Row {
    int status;
    std::string_view role, lines;
  };
  constexpr std::string_view member = "security=ads\nrealm=X.Y", controller = "server role=active directory domain controller", primary = "domain logons=yes";
  constexpr Row rows[] = {
      {1, "security=domain", "password server ="},
      {1, "server role=member server", "realm=X\npassword server ="},
      {0, "security=user", "password server =\nencrypt passwords = no\nworkgroup ="},
      {1, "security=domain", "encrypt passwords = no"},
      {1, member, "workgroup ="},
      {0, "security=domain", "workgroup ="},
      {1, "unix password sync = yes", "passwd program = /etc/passwd %u\npasswd chat = *old* %o"},
      {1, "unix password sync = yes", "pam password change = yes\npasswd chat = *old* %o"},
      {0, "unix password sync = yes", "passwd program = /etc/passwd %u\npasswd chat = *old* %o\nencrypt passwords = no"},
      {0, "unix password sync = yes", "passwd program = /etc/passwd %u"},
      {1, "unix password sync = yes", "passwd program = /no/such %u"},
      {0, controller, "security = ads\nrealm = X\nidmap config X : backend = foo"},
      {1, primary, "idmap config * : backend ="},
      {1, primary, "idmap config * : backend = rid\nidmap config * : range = 1000-2000"},
      {1, member, "idmap config * : backend = AD\nidmap config * : range = 1000-2000"},
      {0, member, "idmap config * : backend = HASH\nidmap config * : range = 1000-2000"},
      {0, "server role=standalone", "idmap config * : backend = rid"},
      {1, member, "idmap config * : backend = Autorid\nidmap config * : range = 1000-2000"},
      {0, primary, "idmap config * : backend = autorid"},
      {1, controller, "idmap config * : backend = autorid\nidmap config * : range = 1000-2000000"},
      {1, controller, "idmap config X : backend = foo"},
      {0, member, "idmap config X : backend = foo"},
      {1, member, "idmap config * : range = 1000-2000\nidmap config A : backend = rid\nidmap config A : range = 500-1000"},
      {1, member, "idmap config A : backend = rid\nidmap config A : range = 500-3000\nidmap config * : range = 1000-2000"},
      {0, member, "idmap config * : range = 1000-2000\nidmap config A : backend = rid\nidmap config A : range = 1500-1700"},
      {0, member, "idmap config * : range = 1000-2000\nidmap config A : range = 500-1000"},
      {1, member, "idmap config B : backend = rid\nidmap config B : range = 1500-1700\nidmap config A : backend = rid\nidmap config A : range = 1000-2000"},
  };
  Scratch scratch;
  for (const auto& row : rows) {
    scratch.write("smb.conf", "[global]\n" + std::string(row.role) + "\n" + std::string(row.lines) + "\n");
    auto configuration = read(scratch.path / "smb.conf", {});
    int status = 0;
    for (const auto& finding : global_checks(configuration, [](const std::string&) { return true; })) status |= finding.severity == Severity::error;
    BOOST_TEST(status == row.status, row.role << ", " << row.lines);
  }
}

BOOST_AUTO_TEST_CASE(recorded_cases_agree) {
  auto cases = testing::recorded_cases(root / "confparse/testdata/smbconf-semantics.jsonl");
  BOOST_TEST(cases.size() == 317u);
  Scratch scratch;
  unsigned matches = 0;
  for (auto& one : cases) {
    if (one.id == "arg-hosts") {  // its verdicts are on standard error
      bool both = !bossa::policy::hosts_verdict({"10."}, {}, {"1.2.3.4", "h", {}}, {}).allowed &&
                  !bossa::policy::hosts_verdict({}, {"1.2.3.4"}, {"1.2.3.4", "h", {}}, {}).allowed;
      matches += both;
      continue;
    }
    scratch.clear();
    rebuild(one);
    for (const auto& [name, text] : one.files) scratch.write(name, testing::replaced(text, "@DIR@", scratch.path.string()));
    auto result = testparm(scratch.path / (one.id == "missing-file" ? "none.conf" : "t.conf"), one);
    bool same = result.status == one.status && testing::replaced(result.output, scratch.path.string(), "@DIR@") == one.output;
    if (!same) std::printf("differs: %s\n", one.id.c_str());
    matches += same;
  }
  count_against_floor("recorded cases", matches, static_cast<unsigned>(cases.size()), 317);
}

BOOST_AUTO_TEST_CASE(real_files_agree) {
  unsigned total = 0;
  auto matches = corpus_matches(root / "confparse/testdata/corpus", total);
  count_against_floor("real files in the repository", matches, total, 11);
  if (auto shared = root / "../shared/corpus/smbconf"; fs::is_directory(shared)) {
    total = 0;
    matches = corpus_matches(shared, total);
    count_against_floor("real files beside the repository", matches, total, 92);
  }
}

// Options with a colon come out newest first, so that every second reading has the same order.
BOOST_AUTO_TEST_CASE(a_dump_reads_back_as_itself) {
  auto again = [](const std::string& text) { return dump(read_text("smb.conf", text, {{}, {}, "testhost", false, {}})); };
  for (const auto& entry : fs::directory_iterator(root / "confparse/testdata/corpus")) {
    if (entry.path().extension() != ".testparm") continue;
    auto first = again(testing::file_bytes(entry.path()));
    BOOST_TEST(again(again(first)) == first, entry.path().string());
  }
}

BOOST_AUTO_TEST_SUITE_END()
