#include "confparse/load.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <set>

using namespace bossa::confparse;
using namespace bossa;
namespace fs = std::filesystem;

namespace {

class FakeNames final : public NameLookup {
 public:
  bool user_exists(std::string_view name) const override { return name == "bob" || name == "alice"; }
  bool group_exists(std::string_view name) const override { return name == "staff"; }
  bool netgroup_exists(std::string_view name) const override { return name == "net"; }
};

struct Files {
  fs::path folder = fs::temp_directory_path() / ("bossa-load-" + std::to_string(::getpid()));
  Files() { fs::create_directories(folder); }
  ~Files() { fs::remove_all(folder); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name, std::ios::binary) << text;
    return (folder / name).string();
  }
};

LoadOutcome loaded(const std::string& text, LoadOptions options = {}) {
  Files files;
  if (options.host_name.empty()) options.host_name = "testhost";
  return load(files.write("smb.conf", text), options);
}
LoadOutcome checked(const std::string& text) {
  LoadOptions options;
  options.names = std::make_shared<FakeNames>();
  return loaded(text, options);
}
bool says(const LoadOutcome& outcome, Severity severity, std::string_view text, unsigned line = 0) {
  for (const auto& diagnostic : outcome.diagnostics) {
    if (diagnostic.severity == severity && diagnostic.message.find(text) != std::string::npos && (line == 0 || diagnostic.line == line)) return true;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loading)

BOOST_AUTO_TEST_CASE(settings_reach_the_engine) {
  auto outcome = loaded(R"([global]
workgroup = grp
netbios name = box
server signing = mandatory
min protocol = SMB2
server max protocol = SMB3_02
smb encrypt = desired
smb ports = 4450, 139
interfaces = lo "eth 0"
bind interfaces only = yes
map to guest = BadUser
log level = 2 auth:5
max log size = 50
hosts allow = 127. 10.0.0.0/8
[Data]
path = "/srv/my  data"
comment = "Quoted"
writable = yes
create mode = 0640
force directory mode = 2770
valid users = bob, @"domain users"
case sensitive = auto
smb encrypt = required
store dos attributes = no
)");
  BOOST_REQUIRE(outcome.ok());
  const auto& settings = *outcome.settings;
  BOOST_TEST(settings.workgroup == "GRP");
  BOOST_TEST(settings.netbios_name == "BOX");
  BOOST_TEST((settings.signing == policy::Signing::required));
  BOOST_TEST((settings.min_dialect == policy::Dialect::smb2_10));
  BOOST_TEST((settings.max_dialect == policy::Dialect::smb3_02));
  BOOST_TEST((settings.encryption == policy::Encryption::desired));
  BOOST_TEST((settings.ports == std::vector<std::uint16_t>{4450, 139}));
  BOOST_TEST((settings.interfaces == std::vector<std::string>{"lo", "eth 0"}));
  BOOST_TEST(settings.bind_interfaces_only);
  BOOST_TEST((settings.map_to_guest == policy::MapToGuest::bad_user));
  BOOST_TEST(settings.log_level == 2);
  BOOST_TEST(settings.max_log_size_kib == 50u);
  BOOST_TEST(settings.hosts_allow.size() == 2u);
  const auto* share = settings.find_share("DATA");
  BOOST_REQUIRE(share);
  BOOST_TEST(share->path == "/srv/my data");
  BOOST_TEST(share->comment == "Quoted");
  BOOST_TEST(!share->read_only);
  BOOST_TEST(share->create_mask == 0640u);
  BOOST_TEST(share->force_directory_mode == 02770u);
  BOOST_TEST((share->valid_users == std::vector<std::string>{"bob", "@domain users"}));
  BOOST_TEST((share->encryption == policy::Encryption::required));
  BOOST_TEST(!share->store_dos_attributes);
  BOOST_TEST(share->hosts_allow.size() == 2u);
  BOOST_TEST(share->origins.at("valid users").line == 21u);
  BOOST_TEST(settings.origins.at("server min protocol").line == 5u);
}

BOOST_AUTO_TEST_CASE(quotes_fall_away_but_in_server_string) {
  auto outcome = loaded("[global]\nserver string = \"S\"\nguest account = \"ftp\"\n");
  BOOST_TEST(outcome.settings->server_string == "\"S\"");
  BOOST_TEST(outcome.settings->guest_account == "ftp");
}

BOOST_AUTO_TEST_CASE(seed_values_of_the_dialects) {
  using policy::Dialect;
  for (auto [text, dialect] : {std::pair{"SMB2", Dialect::smb2_10}, {"SMB2_02", Dialect::smb2_02}, {"SMB2_10", Dialect::smb2_10},
                               {"SMB3", Dialect::smb3_11}, {"SMB3_00", Dialect::smb3_00}, {"SMB3_02", Dialect::smb3_02}, {"SMB3_11", Dialect::smb3_11}}) {
    auto outcome = loaded("server min protocol = " + std::string(text) + "\nserver max protocol = " + text + "\n");
    BOOST_REQUIRE(outcome.ok());
    BOOST_TEST((outcome.settings->min_dialect == dialect));
    BOOST_TEST((outcome.settings->max_dialect == dialect));
  }
  auto old = loaded("server min protocol = NT1\n");
  BOOST_TEST((old.settings->min_dialect == Dialect::smb2_02));
  auto none = loaded("server max protocol = NT1\n");
  BOOST_REQUIRE(none.ok());
  BOOST_TEST((none.settings->max_dialect == policy::no_dialect));
  BOOST_TEST(says(none, Severity::error, "no client can connect", 1));
}

BOOST_AUTO_TEST_CASE(seed_values_of_signing) {
  using policy::Signing;
  for (auto [text, signing] : {std::pair{"default", Signing::default_}, {"auto", Signing::if_required}, {"mandatory", Signing::required}, {"disabled", Signing::disabled}})
    BOOST_TEST((loaded("server signing = " + std::string(text)).settings->signing == signing), text);
}

BOOST_AUTO_TEST_CASE(what_samba_refuses_is_refused_with_its_place) {
  for (auto text : {"wins support = maybe", "server signing = strong", "create mask = 999", "max xmit = 2T", "[s", "= x", "[]", "[a]\ncopy = b",
                    "smb ports = 445 x", "name resolve order = hosts", "name resolve order =",
                    "rpc server dynamic port range = 5000", "kdc supported enctypes = abc", "security = share", "[s]\npath = /p\nread only = maybe"}) {
    auto outcome = loaded(text);
    BOOST_TEST(!outcome.ok(), text);
    BOOST_TEST((outcome.diagnostics.back().severity == Severity::fatal));
    BOOST_TEST(outcome.diagnostics.back().line > 0u);
    BOOST_TEST(outcome.diagnostics.back().column > 0u);
  }
  BOOST_TEST(!load("/nonexistent/smb.conf").ok());
}

BOOST_AUTO_TEST_CASE(minimum_above_maximum_is_refused) {
  auto outcome = loaded("[global]\nserver min protocol = SMB3\nserver max protocol = SMB2\n");
  BOOST_TEST(!outcome.ok());
  BOOST_TEST(says(outcome, Severity::fatal, "above server max protocol", 3));
}

BOOST_AUTO_TEST_CASE(unknown_names_are_warned_of_with_their_neighbour) {
  auto outcome = loaded("[s]\npath = /s\nvalid user = bob\n");
  BOOST_REQUIRE(outcome.ok());
  BOOST_TEST(says(outcome, Severity::error, "did you mean 'valid users'", 3));
}

BOOST_AUTO_TEST_CASE(misspelt_access_parameters_are_errors_and_start_all_the_same) {
  for (auto line : {"valid user = bob", "hosts alow = 10.", "guest_ok = yes", "server signing = mandatory", "valid users : bob"}) {
    auto outcome = loaded("[s]\npath = /s\n" + std::string(line) + "\n");
    BOOST_REQUIRE(outcome.ok());
    BOOST_TEST(says(outcome, Severity::error, "left out", 3), line);
    BOOST_TEST(outcome.settings->find_share("s")->not_served_because.empty());
  }
  BOOST_TEST(says(loaded("os levl = 3"), Severity::warning, "did you mean 'os level'", 1));
  BOOST_TEST(says(loaded("security mask = 0777"), Severity::warning, "left out", 1));  // an older name, not a slip
}

BOOST_AUTO_TEST_CASE(strict_access_closes_what_a_slip_stands_in) {
  auto text = std::string("[global]\nbossa:strict access = yes\n[a]\npath = /a\nvalid user = bob\n[b]\npath = /b\nfrobnicate = 1\n");
  auto outcome = loaded(text);
  BOOST_REQUIRE(outcome.ok());
  BOOST_TEST(outcome.settings->find_share("a")->not_served_because.find("smb.conf:5: unknown parameter 'valid user'") != std::string::npos);
  BOOST_TEST(outcome.settings->find_share("b")->not_served_because.empty());
  BOOST_TEST(says(outcome, Severity::error, "share [a] is not served"));
  auto global = loaded("[global]\nBossa : Strict Access = 1\nmap too guest = never\n[a]\npath = /a\n");
  BOOST_TEST(!global.settings->find_share("a")->not_served_because.empty());
  auto off = loaded("[global]\nbossa:strict access = no\n[a]\npath = /a\nvalid user = bob\n");
  BOOST_TEST(off.settings->find_share("a")->not_served_because.empty());
  BOOST_TEST(!loaded("[global]\nbossa:strict access = y\n[a]\npath = /a\nvalid user = bob\n").settings->find_share("a")->not_served_because.empty());
}

BOOST_AUTO_TEST_CASE(a_misspelt_parameter_of_bossa_is_told) {
  BOOST_TEST(says(loaded("[global]\nbossa:isolaton = no\n"), Severity::error, "did you mean 'bossa:isolation'?", 2));
  BOOST_TEST(says(loaded("[global]\nbossa:half open limt = 3\n"), Severity::error, "did you mean 'bossa:half open limit'?", 2));
  BOOST_TEST(says(loaded("[global]\nbossa:frobnicate = 3\n"), Severity::error, "unknown parameter 'bossa:frobnicate'", 2));
  BOOST_TEST(says(loaded("[s]\npath = /s\nbossa:isolation = no\n"), Severity::error, "is a parameter of [global]", 3));
  for (auto known : {"Bossa : Isolation = no", "bossa:strict access = no", "bossa:test probes = no", "bossa:locks per file = 9", "fruit:aapl = yes"})
    BOOST_TEST(loaded("[global]\n" + std::string(known) + "\n").diagnostics.empty(), known);
}

BOOST_AUTO_TEST_CASE(limits_are_numbers_between_their_bounds_or_stay_at_their_defaults) {
  using policy::Limit;
  auto good = loaded("[global]\nbossa:half open limit = 0\nBossa : Locks Per File = 12\n");
  BOOST_TEST(good.settings->limits[Limit::half_open] == 0u);
  BOOST_TEST(good.settings->limits[Limit::locks_per_file] == 12u);
  BOOST_TEST(good.settings->limits[Limit::waiting_requests] == 511u);
  for (std::string bad : {"0", "-1", "1x", "", "65537", "99999999999999999999"}) {
    auto outcome = loaded("[global]\nbossa:locks per file = " + bad + "\n");
    BOOST_TEST(outcome.settings->limits[Limit::locks_per_file] == 65536u, bad);
    BOOST_TEST(says(outcome, Severity::error, "expected a number from 1 to 65536", 2), bad);
  }
}

BOOST_AUTO_TEST_CASE(what_has_no_effect_is_named_once) {
  auto outcome = loaded("[global]\nos level = 3\nos level = 4\n[s]\npath = /s\nspotlight = yes\n[t]\npath = /t\nspotlight = yes\n");
  unsigned notes = 0;
  for (const auto& diagnostic : outcome.diagnostics) notes += diagnostic.message.find("'os level'") != std::string::npos || diagnostic.message.find("'spotlight'") != std::string::npos;
  BOOST_TEST(notes == 2u);
  BOOST_TEST(says(outcome, Severity::note, "'os level' is known and has no effect here: A matter of nmbd", 2) == false);
  BOOST_TEST(says(outcome, Severity::note, "'os level' is known and has no effect here: A matter of nmbd", 3));
  BOOST_TEST(says(outcome, Severity::warning, "'spotlight' is not supported", 6));
}

BOOST_AUTO_TEST_CASE(share_whose_host_list_is_malformed_is_not_served) {
  auto outcome = loaded("[a]\npath = /a\nhosts allow = 10.0.0.0/33\n[b]\npath = /b\nhosts deny = 10.0.0.300\n[c]\npath = /c\nhosts allow = 10.\n");
  BOOST_REQUIRE(outcome.ok());
  BOOST_TEST(outcome.settings->find_share("a")->not_served_because.find("smb.conf:3: hosts allow: '10.0.0.0/33'") != std::string::npos);
  BOOST_TEST(!outcome.settings->find_share("b")->not_served_because.empty());
  BOOST_TEST(outcome.settings->find_share("c")->not_served_because.empty());
  BOOST_TEST(says(outcome, Severity::error, "share [a] is not served"));
}

BOOST_AUTO_TEST_CASE(malformed_host_list_of_global_stops_every_share) {
  auto outcome = loaded("[a]\npath = /a\n[global]\nhosts deny = 10/8\n");
  BOOST_TEST(!outcome.settings->find_share("a")->not_served_because.empty());
}

BOOST_AUTO_TEST_CASE(names_whose_loss_widens_access_stop_the_share) {
  auto outcome = checked(R"([ok]
path = /s
valid users = bob @staff +staff &net %S @net TESTHOST\bob S-1-5-21-1-2-3-1000
invalid users = alice
[narrow]
path = /s
valid users = nosuch
write list = @nogroup
admin users = nosuch
[invalid]
path = /s
invalid users = alice nosuch
[read]
path = /s
read list = @nogroup
[bare group]
path = /s
invalid users = staff
)");
  BOOST_REQUIRE(outcome.ok());
  auto served = [&](std::string_view name) { return outcome.settings->find_share(name)->not_served_because.empty(); };
  BOOST_TEST(served("ok"));
  BOOST_TEST(served("narrow"));
  BOOST_TEST(!served("invalid"));
  BOOST_TEST(!served("read"));
  BOOST_TEST(!served("bare group"));
  BOOST_TEST(says(outcome, Severity::warning, "valid users: 'nosuch'", 7));
  BOOST_TEST(outcome.settings->find_share("read")->not_served_because.find(":15: read list: '@nogroup'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(share_defaults_reach_later_sections_only) {
  auto outcome = loaded("[a]\npath = /a\n[global]\nread only = no\n[b]\npath = /b\n");
  BOOST_TEST(outcome.settings->find_share("a")->read_only);
  BOOST_TEST(!outcome.settings->find_share("b")->read_only);
}

BOOST_AUTO_TEST_CASE(registry_as_backend_puts_the_file_out_of_force) {
  auto outcome = loaded("[global]\nworkgroup = HERE\nconfig backend = registry\na:b = c\n[s]\npath = /s\n");  // seen with testparm
  BOOST_TEST(outcome.settings->workgroup == "WORKGROUP");
  BOOST_TEST(outcome.settings->shares.empty());
  bool said = std::ranges::any_of(outcome.diagnostics, [](const Diagnostic& one) {
    return one.severity == Severity::error && one.line == 3 && one.message.find("registry is not read") != std::string::npos;
  });
  BOOST_TEST(said);
  BOOST_TEST(loaded("[global]\nconfig backend = registry\nconfig backend = file\n[s]\npath = /s\n").settings->shares.size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_the_command_line_sets_wins) {
  LoadOptions options;
  options.overrides = {"read only = no", "fruit:aapl = yes"};
  auto outcome = loaded("[global]\nfruit:aapl = no\n[s]\npath = /s\nread only = yes\n[t]\npath = /t\nwritable = no\n", options);
  BOOST_TEST(!outcome.settings->find_share("s")->read_only);
  BOOST_TEST(outcome.settings->find_share("t")->read_only);  // under another name a share has its way, seen with testparm
  BOOST_TEST(outcome.settings->find_share("s")->options.at("fruit:aapl") == "yes");
}

BOOST_AUTO_TEST_CASE(sections_that_are_not_there_for_smbd) {
  auto outcome = loaded("[a]\npath = /a\n-valid = no\n[b]\n[homes]\n[printers]\n");
  BOOST_TEST(!outcome.settings->find_share("a"));
  BOOST_TEST(!outcome.settings->find_share("b")->available);
  BOOST_TEST(outcome.settings->find_share("homes")->is_homes);
  BOOST_TEST(outcome.settings->find_share("homes")->available);
  BOOST_TEST(!outcome.settings->find_share("printers")->available);
  BOOST_TEST(outcome.settings->find_share("printers")->printable);
  BOOST_TEST(!outcome.settings->find_share("printers")->browseable);
}

BOOST_AUTO_TEST_CASE(section_that_ends_without_a_path_stays_unavailable) {
  auto outcome = loaded("[s]\ncomment = x\n[t]\npath = /t\n[s]\npath = /s\n");
  BOOST_TEST(!outcome.settings->find_share("s")->available);  // seen with testparm
  BOOST_TEST(outcome.settings->find_share("s")->path == "/s");
}

BOOST_AUTO_TEST_CASE(options_of_the_command_line_win) {
  LoadOptions options;
  options.overrides = {"workgroup=OVER", "read only = no", "foo:bar = 1"};
  auto outcome = loaded("[global]\nworkgroup = file\n[s]\npath = /s\n", options);
  BOOST_TEST(outcome.settings->workgroup == "OVER");
  BOOST_TEST(!outcome.settings->find_share("s")->read_only);
  for (auto bad : {"nonsense", "no such parameter = 1", "wins support = maybe"}) {
    options.overrides = {bad};
    BOOST_TEST(!loaded("", options).ok(), bad);
  }
}

BOOST_AUTO_TEST_CASE(config_file_takes_the_place_of_the_first) {
  Files files;
  auto other = files.write("other.conf", "[global]\nworkgroup = OTHER\n[o]\npath = /o\n");
  auto outcome = load(files.write("smb.conf", "[global]\nworkgroup = FIRST\nconfig file = " + other + "\n[f]\npath = /f\n"));
  BOOST_TEST(outcome.settings->workgroup == "OTHER");
  BOOST_TEST(outcome.settings->find_share("o"));
  BOOST_TEST(!outcome.settings->find_share("f"));
  auto missing = load(files.write("smb.conf", "[global]\nworkgroup = FIRST\nconfig file = /nonexistent/x.conf\n"));
  BOOST_TEST(missing.settings->workgroup == "FIRST");
}

BOOST_AUTO_TEST_CASE(includes_of_a_client_are_read_with_its_values) {
  Files files;
  files.write("vm.conf", "[vm]\npath = /vm\n");
  auto file = files.write("smb.conf", "[global]\ninclude = " + files.folder.string() + "/%m.conf\n");
  LoadOptions options;
  auto first = load(file, options);
  BOOST_TEST(first.per_client);
  BOOST_TEST(!first.settings->find_share("vm"));
  options.macros.client_name = "VM";
  BOOST_TEST(load(file, options).settings->find_share("vm"));
}

BOOST_AUTO_TEST_CASE(places_in_included_files_name_those_files) {
  Files files;
  auto included = files.write("inc.conf", "\nfrobnicate = 1\nhosts allow = 10/8\n");
  auto outcome = load(files.write("smb.conf", "[s]\npath = /s\ninclude = " + included + "\n"));
  bool found = false;
  for (const auto& diagnostic : outcome.diagnostics) found |= diagnostic.file == included && diagnostic.line == 2;
  BOOST_TEST(found);
  BOOST_TEST(outcome.settings->find_share("s")->not_served_because.find("inc.conf:3") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(wide_links_need_unix_extensions_off_or_an_explicit_word) {
  auto wide = [](const std::string& global) { return loaded("[global]\n" + global + "[s]\npath = /s\nwide links = yes\n").settings->find_share("s")->wide_links; };
  BOOST_TEST(!wide(""));
  BOOST_TEST(wide("unix extensions = no\n"));
  BOOST_TEST(wide("allow insecure wide links = yes\n"));
}

BOOST_AUTO_TEST_CASE(any_size_is_a_result) {
  std::string sections;
  for (int i = 0; i < 20000; ++i) sections += "[s" + std::to_string(i) + "]\npath=/p\n";
  BOOST_TEST(loaded(sections).settings->shares.size() == 20000u);
  BOOST_TEST(loaded("server string = " + std::string(1 << 20, 'x')).ok());
  BOOST_TEST(!loaded(std::string(1 << 20, '[')).ok());
  BOOST_TEST(loaded(std::string(1 << 20, '\0')).ok());
  BOOST_TEST(loaded(std::string(1 << 20, '\\')).ok());
}

BOOST_AUTO_TEST_SUITE_END()
