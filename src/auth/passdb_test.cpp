// The account files against Samba's own pdbedit and smbpasswd: each must read what the other wrote.
#include "src/auth/passdb.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <thread>

#include "src/auth/sam_record.hpp"

namespace {
using namespace bossa;
using namespace bossa::auth;
namespace files = std::filesystem;

/// A folder of its own with an smb.conf for Samba's tools. The users are ones that every Debian has.
struct Folder {
  std::string path;
  explicit Folder(const std::string& backend = "tdbsam") {
    char name[] = "/tmp/bossa-passdb-XXXXXX";
    BOOST_REQUIRE(mkdtemp(name) != nullptr);
    path = name;
    std::ofstream(path + "/smb.conf") << "[global]\n netbios name = BOXNAME\n workgroup = WG\n private dir = " << path
                                      << "\n state directory = " << path << "\n lock directory = " << path
                                      << "\n cache directory = " << path << "\n passdb backend = " << backend << ":" << path
                                      << "/accounts\n";
  }
  ~Folder() { files::remove_all(path); }
  Folder(const Folder&) = delete;

  /// Output of a program; a program that is missing or fails is a failure.
  [[nodiscard]] std::string run(const std::string& command) const {
    auto* pipe = popen((command + " 2>" + path + "/stderr").c_str(), "r");
    BOOST_REQUIRE(pipe != nullptr);
    std::string out;
    char block[4096];
    while (auto count = fread(block, 1, sizeof block, pipe)) out.append(block, count);
    int result = pclose(pipe);
    std::ifstream errors(path + "/stderr");
    std::string text((std::istreambuf_iterator<char>(errors)), {});
    BOOST_REQUIRE_MESSAGE(result == 0, command << " failed: " << text);
    return out;
  }
  [[nodiscard]] std::string pdbedit(const std::string& arguments) const {
    return run("pdbedit -s " + path + "/smb.conf " + arguments);
  }
  void smbpasswd(const std::string& arguments, const std::string& password = {}) const {
    (void)run("printf '" + password + "\\n" + password + "\\n' | smbpasswd -c " + path + "/smb.conf -L -s " + arguments);
  }
  [[nodiscard]] std::string accounts() const { return path + "/accounts"; }
};

bool contains(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }
std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(toupper(c));
  return text;
}
Account account_named(std::string name, std::string_view password) {
  Account account;
  account.name = std::move(name);
  account.domain = "BOXNAME";
  account.nt_hash = nt_hash_of(password);
  account.password_last_set = 0x60000000;
  return account;
}
Account found(AccountDatabase& database, std::string_view name) {
  auto account = database.find(name);
  BOOST_REQUIRE_MESSAGE(account, database.last_problem());
  BOOST_REQUIRE(account->has_value());
  return **account;
}

} // namespace

BOOST_AUTO_TEST_SUITE(passdb)

BOOST_AUTO_TEST_CASE(tdbsam_of_samba_is_read) {
  Folder folder;
  folder.smbpasswd("-a root", "Secret1");
  folder.smbpasswd("-a nobody", "Ünicode€");
  folder.smbpasswd("-d nobody");
  (void)folder.pdbedit(
      "-r -u root -f 'Full Näme' -N 'descr' -h '\\\\box\\home' -D H: -S logon.bat -p prof -I ODOM -K 2000000000 -c '[X]'");
  auto database = open_tdbsam(folder.accounts());
  auto root = found(*database, "RooT");
  BOOST_TEST(root.name == "root");
  BOOST_TEST(to_hex(*root.nt_hash) == to_hex(nt_hash_of("Secret1")));
  BOOST_TEST(root.full_name == "Full Näme");
  BOOST_TEST(root.description == "descr");
  BOOST_TEST(root.home_directory.value() == "\\\\box\\home");
  BOOST_TEST(root.home_drive.value() == "H:");
  BOOST_TEST(root.logon_script.value() == "logon.bat");
  BOOST_TEST(root.profile_path.value() == "prof");
  BOOST_TEST(root.domain == "ODOM");
  BOOST_TEST(root.kickoff_time == 2000000000u);
  BOOST_TEST(root.has(account_flag::password_no_expire));
  BOOST_TEST(root.rid == 1000u);
  auto nobody = found(*database, "nobody");
  BOOST_TEST(to_hex(*nobody.nt_hash) == to_hex(nt_hash_of("Ünicode€")));
  BOOST_TEST(nobody.has(account_flag::disabled));
  auto by_rid = database->find_rid(1000);
  BOOST_REQUIRE(by_rid && *by_rid);
  BOOST_TEST((*by_rid)->name == "root");
  auto nobody_else = database->find("someone");
  BOOST_REQUIRE(nobody_else);
  BOOST_TEST(!nobody_else->has_value());
  BOOST_TEST(database->list()->size() == 2u);
  // Changed under our feet by Samba's tool: seen at once.
  folder.smbpasswd("root", "Other2");
  BOOST_TEST(to_hex(*found(*database, "root").nt_hash) == to_hex(nt_hash_of("Other2")));
  folder.smbpasswd("-x nobody");
  BOOST_TEST(!database->find("nobody")->has_value());
}

BOOST_AUTO_TEST_CASE(tdbsam_record_of_samba_survives_byte_for_byte) {
  Folder folder;
  folder.smbpasswd("-a root", "Secret1");
  (void)folder.pdbedit("-P 'password history' -C 3");
  folder.smbpasswd("root", "Secret2");
  folder.smbpasswd("root", "Secret3");
  (void)folder.pdbedit("-r -u root -f Full -N descr");
  auto before = folder.run("tdbdump " + folder.accounts());
  auto database = open_tdbsam(folder.accounts());
  auto root = found(*database, "root");
  BOOST_TEST(!root.password_history.empty());
  BOOST_REQUIRE(database->put(root));
  BOOST_TEST(folder.run("tdbdump " + folder.accounts()) == before);
}

BOOST_AUTO_TEST_CASE(tdbsam_that_we_wrote_is_read_by_samba) {
  Folder folder;
  auto database = open_tdbsam(folder.accounts());
  BOOST_REQUIRE(database->put(account_named("root", "Secret1")));
  auto disabled = account_named("nobody", "Other");
  disabled.flags |= account_flag::disabled;
  BOOST_REQUIRE(database->put(disabled));
  struct stat status {};
  BOOST_REQUIRE(stat(folder.accounts().c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
  auto listing = folder.pdbedit("-L -w");
  BOOST_TEST(contains(listing, "root:0:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" + upper(to_hex(nt_hash_of("Secret1"))) +
                                   ":[U          ]:LCT-60000000:"),
             listing);
  BOOST_TEST(contains(listing, upper(to_hex(nt_hash_of("Other"))) + ":[DU         ]:"), listing);
  auto verbose = folder.pdbedit("-L -v root");
  std::string problem;
  auto sid = machine_sid(folder.path, "boxname", &problem);
  BOOST_REQUIRE_MESSAGE(sid, problem);
  BOOST_TEST(contains(verbose, sid->with_rid(1000).to_text()), verbose);
  // Samba goes on where we stopped, and we where Samba stopped.
  folder.smbpasswd("-a daemon", "Third");
  BOOST_TEST(found(*database, "daemon").rid == 1002u);
  BOOST_REQUIRE(database->put(account_named("bin", "Fourth")));
  BOOST_TEST(found(*database, "bin").rid == 1003u);
  BOOST_TEST(contains(folder.pdbedit("-L -w"), "bin:2:"));
  BOOST_REQUIRE(database->remove("ROOT"));
  BOOST_TEST(!contains(folder.pdbedit("-L -w"), "root:"));
  BOOST_TEST(!folder.run("tdbdump " + folder.accounts()).empty());
  BOOST_TEST(!contains(folder.run("tdbdump " + folder.accounts()), "RID_000003e8"));
  BOOST_TEST(!database->remove("root"));
}

BOOST_AUTO_TEST_CASE(putting_again_keeps_the_rid) {
  Folder folder;
  auto database = open_tdbsam(folder.accounts());
  BOOST_REQUIRE(database->put(account_named("root", "a")));
  BOOST_REQUIRE(database->put(account_named("root", "b")));
  BOOST_TEST(found(*database, "root").rid == 1000u);
  BOOST_REQUIRE(database->put(account_named("bin", "b")));
  BOOST_TEST(found(*database, "bin").rid == 1001u);
}

BOOST_AUTO_TEST_CASE(damaged_and_missing_files_are_told_apart) {
  Folder folder;
  auto missing = open_tdbsam(folder.path + "/none.tdb");
  BOOST_REQUIRE(missing->find("root"));
  BOOST_TEST(!missing->find("root")->has_value());
  BOOST_TEST(missing->list()->empty());
  std::ofstream(folder.path + "/junk.tdb") << std::string(5000, 'x');
  auto junk = open_tdbsam(folder.path + "/junk.tdb");
  BOOST_TEST(!junk->find("root"));
  BOOST_TEST(contains(junk->last_problem(), folder.path + "/junk.tdb cannot be read"), junk->last_problem());
  auto nowhere = open_tdbsam(folder.path + "/no/such/folder.tdb");
  BOOST_TEST(!nowhere->put(account_named("root", "a")));
}

BOOST_AUTO_TEST_CASE(two_users_of_one_file_in_one_process_do_not_meet) {
  Folder folder;
  auto first = open_tdbsam(folder.accounts()), second = open_tdbsam(folder.accounts());
  BOOST_REQUIRE(first->put(account_named("root", "a")));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        auto account = (i % 2 == 0 ? first : second)->find("root");
        if (!account || !*account) ++wrong;
        if (i == 0 && !second->put(account_named("root", "b"))) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_record_is_refused) {
  auto account = account_named("root", "a");
  account.home_directory = "";
  account.rid = 1000;
  auto record = pack_sam_record(account);
  auto back = unpack_sam_record(record);
  BOOST_REQUIRE(back);
  BOOST_TEST(to_hex(pack_sam_record(*back)) == to_hex(record));
  for (std::size_t n = 0; n < record.size(); ++n) BOOST_TEST(!unpack_sam_record(Bytes(record).first(n)), "prefix " << n);
  record.push_back(0);
  BOOST_TEST(!unpack_sam_record(record));
}

BOOST_AUTO_TEST_CASE(smbpasswd_file_of_samba_is_read) {
  Folder folder("smbpasswd");
  folder.smbpasswd("-a root", "Secret1");
  folder.smbpasswd("-a daemon", "Secret2");
  folder.smbpasswd("-d daemon");
  folder.smbpasswd("-a bin", "Secret3");
  folder.smbpasswd("-n bin");
  auto database = open_smbpasswd(folder.accounts());
  BOOST_TEST(to_hex(*found(*database, "ROOT").nt_hash) == to_hex(nt_hash_of("Secret1")));
  BOOST_TEST(found(*database, "root").password_last_set != 0u);
  BOOST_TEST(found(*database, "daemon").has(account_flag::disabled));
  BOOST_TEST(found(*database, "bin").has(account_flag::password_not_required));
  auto listing = folder.pdbedit("-L -v daemon");
  BOOST_TEST(contains(listing, "-" + std::to_string(found(*database, "daemon").rid) + "\n"), listing);
  BOOST_TEST((*database->find_rid(found(*database, "daemon").rid))->name == "daemon");
}

BOOST_AUTO_TEST_CASE(smbpasswd_file_that_we_wrote_is_read_by_samba) {
  Folder folder("smbpasswd");
  std::ofstream(folder.accounts()) << "# a comment\n";
  chmod(folder.accounts().c_str(), 0644);
  auto database = open_smbpasswd(folder.accounts());
  BOOST_REQUIRE(database->put(account_named("root", "Secret1")));
  auto disabled = account_named("daemon", "Other");
  disabled.flags |= account_flag::disabled;
  BOOST_REQUIRE(database->put(disabled));
  BOOST_REQUIRE(database->put(account_named("ROOT", "Secret2")) || true); // another spelling must not make a second line
  BOOST_REQUIRE(database->put(account_named("root", "Secret2")));
  struct stat status {};
  BOOST_REQUIRE(stat(folder.accounts().c_str(), &status) == 0);
  BOOST_TEST((status.st_mode & 0777) == 0600u);
  std::ifstream file(folder.accounts());
  std::string text((std::istreambuf_iterator<char>(file)), {});
  BOOST_TEST(contains(text, "# a comment\n"));
  auto listing = folder.pdbedit("-L -w");
  BOOST_TEST(contains(listing, "root:0:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" + upper(to_hex(nt_hash_of("Secret2"))) +
                                   ":[U          ]:LCT-60000000:"),
             listing);
  BOOST_TEST(contains(listing, upper(to_hex(nt_hash_of("Other"))) + ":[DU         ]:LCT-60000000:"), listing);
  folder.smbpasswd("root", "Third3");
  BOOST_TEST(to_hex(*found(*database, "root").nt_hash) == to_hex(nt_hash_of("Third3")));
  BOOST_REQUIRE(database->remove("daemon"));
  BOOST_TEST(!contains(folder.pdbedit("-L -w"), "daemon:"));
  BOOST_TEST(!database->remove("daemon"));
  BOOST_TEST(!database->put(account_named("no-such-unix-user", "x")));
  BOOST_TEST(contains(database->last_problem(), "Unix users"));
}

BOOST_AUTO_TEST_CASE(machine_sid_is_shared_with_samba) {
  Folder ours;
  auto made = machine_sid(ours.path, "boxname");
  BOOST_REQUIRE(made);
  auto again = machine_sid(ours.path, "BOXNAME");
  BOOST_REQUIRE(again);
  BOOST_TEST(made->to_text() == again->to_text());
  BOOST_TEST(contains(ours.run("net -s " + ours.path + "/smb.conf getlocalsid"), made->to_text()));
  Folder theirs;
  auto output = theirs.run("net -s " + theirs.path + "/smb.conf getlocalsid");
  auto read = machine_sid(theirs.path, "BOXNAME");
  BOOST_REQUIRE(read);
  BOOST_TEST(contains(output, read->to_text()), output);
  BOOST_TEST(!machine_sid(ours.path + "/missing", "BOXNAME"));
}

BOOST_AUTO_TEST_CASE(backend_line_names_the_file) {
  Folder folder;
  BOOST_TEST(open_accounts("ldapsam:ldap://x", folder.path) == nullptr);
  auto database = open_accounts("tdbsam", folder.path);
  BOOST_REQUIRE(database != nullptr);
  BOOST_REQUIRE(database->put(account_named("root", "a")));
  BOOST_TEST(files::exists(folder.path + "/passdb.tdb"));
  database = open_accounts("smbpasswd", folder.path, folder.path + "/text");
  BOOST_REQUIRE(database->put(account_named("root", "a")));
  BOOST_TEST(files::exists(folder.path + "/text"));
}

BOOST_AUTO_TEST_CASE(logon_hours_count_from_sunday_utc) {
  Account account;
  account.hours.assign(32, 0);
  account.hours[0] = 1;                       // Sunday, 00:00 to 01:00
  constexpr std::int64_t sunday = 1700352000; // 2023-11-19 00:00 UTC
  BOOST_TEST(account.may_log_on_at(sunday));
  BOOST_TEST(account.may_log_on_at(sunday + 3599));
  BOOST_TEST(!account.may_log_on_at(sunday + 3600));
  BOOST_TEST(!account.may_log_on_at(sunday - 1));
}

BOOST_AUTO_TEST_SUITE_END()
