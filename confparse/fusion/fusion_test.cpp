#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "confparse/fusion/configuration.hpp"
#include "confparse/fusion/load.hpp"
#include "confparse/fusion/value.hpp"
#include "src/policy/dialects.hpp"
#include "src/policy/encryption.hpp"
#include "src/policy/share_access.hpp"
#include "src/policy/signing.hpp"

using namespace bossa;
using namespace bossa::confparse;
namespace fusion = bossa::confparse::fusion;

namespace {

std::filesystem::path data(const std::string& name) { return std::filesystem::path(BOSSA_SOURCE_DIR) / "confparse/fusion/testdata" / name; }
std::string bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
fusion::Configuration text(const std::string& body) { return fusion::read_text("tsmb.conf", body); }
policy::Settings settings_of(const std::string& body, const fusion::Reading& reading = {}) {
  auto configuration = text(body);
  BOOST_REQUIRE_MESSAGE(!configuration.fatal, (configuration.diagnostics.empty() ? "" : configuration.diagnostics.front().text()));
  return fusion::to_settings(configuration, reading, "host");
}
std::string share(const std::string& lines) { return "[share]\nnetname = s\npath = /s\n" + lines + "[/share]\n"; }

// From the spans of the statements and what lies between them.
std::string rebuilt(const fusion::Document& document) {
  std::string out;
  std::size_t at = 0;
  for (const auto& statement : document.statements) {
    out += document.text.substr(at, statement.whole.begin - at) + document.text.substr(statement.whole.begin, statement.whole.end - statement.whole.begin);
    at = statement.whole.end;
  }
  return out + document.text.substr(at);
}

class FakeNames final : public NameLookup {
 public:
  bool user_exists(std::string_view name) const override { return name == "bob" || name == "ann"; }
  bool group_exists(std::string_view name) const override { return name == "staff"; }
  bool netgroup_exists(std::string_view) const override { return false; }
};

policy::ShareVerdict asked(const policy::Settings& settings, policy::UserFacts user) { return policy::share_access(settings, &settings.shares.at(0), user, 0); }
policy::UserFacts user(const std::string& name, const std::string& group = {}) {
  policy::UserFacts facts;
  facts.name = facts.unix_name = name;
  facts.in_unix_group = [group](std::string_view asked_for) { return !group.empty() && asked_for == group; };
  return facts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fusion_format)

BOOST_AUTO_TEST_CASE(the_snippets_and_a_whole_file_round_trip_byte_for_byte) {
  for (auto name : {"seed-signing.conf", "seed-encrypt.conf", "seed-reject.conf", "seed-share-on.conf", "seed-share-off.conf", "whole.conf"}) {
    auto original = bytes(data(name));
    BOOST_REQUIRE_MESSAGE(!original.empty(), name);
    auto configuration = fusion::read_text(name, original);
    for (const auto& diagnostic : configuration.diagnostics) BOOST_TEST((diagnostic.severity != Severity::fatal), diagnostic.text());
    BOOST_TEST(!configuration.fatal);
    BOOST_TEST(configuration.document.text == original);
    BOOST_TEST(rebuilt(configuration.document) == original);
  }
}

BOOST_AUTO_TEST_CASE(values_keep_what_stands_in_them_and_know_their_place) {
  auto configuration = fusion::read(data("whole.conf"));
  BOOST_REQUIRE_EQUAL(configuration.shares.size(), 2u);
  const auto& docs = configuration.shares[0];
  BOOST_TEST(docs.name == "docs (at usb1)");
  BOOST_TEST(docs.value("remark") == "\"Documents\" # not a comment");
  BOOST_TEST(configuration.global.all("listen").size() == 2u);
  const auto* future = configuration.global.find("future_key");
  BOOST_REQUIRE(future);
  BOOST_TEST(!future->parameter);
  BOOST_TEST(future->value == "keep = this");
  BOOST_TEST(docs.find("path")->line == 19u);
  BOOST_TEST(docs.find("path")->column == 5u);
  BOOST_TEST(docs.find("path")->value_column == 12u);
  auto permissions = fusion::permissions_of(docs.value("permissions"));
  BOOST_REQUIRE_EQUAL(permissions.size(), 4u);
  BOOST_TEST(permissions[2].id == "bob");
  BOOST_TEST(permissions[3].id == "*S-1-1-0");
  BOOST_TEST(fusion::wildcards_of(docs.value("files_deny")).at(2) == "a b*");
  BOOST_TEST(fusion::param(configuration.global.value("audit_params"), "days") == "3");
  BOOST_TEST(fusion::listen_of(configuration.global.all("listen")[1]->value).rss.value() == 4u);
}

BOOST_AUTO_TEST_CASE(carriage_returns_a_byte_order_mark_and_a_missing_last_newline_are_kept) {
  std::string body = "\xEF\xBB\xBF[global]\r\nencrypt_data = true\r\n[/global]";
  auto configuration = text(body);
  BOOST_TEST(!configuration.fatal);
  BOOST_TEST(configuration.global.value("encrypt_data") == "true");
  BOOST_TEST(rebuilt(configuration.document) == body);
}

BOOST_AUTO_TEST_CASE(each_bad_input_is_refused_with_its_place_and_the_remedy) {
  struct Case {
    std::string body;
    unsigned line, column;
    const char* says;
  };
  const std::string global = "[global]\n[/global]\n";
  const Case cases[] = {
      {"[global]\nencrypt_data = true\n", 1, 1, "add [/global]"},
      {global + "[share]\nnetname = a\npath = /a\n[share]\nnetname = b\npath = /b\n[/share]\n", 6, 1, "add [/share] before it"},
      {global + "[share]\nnetname = a\npath = /a\n[/sha", 6, 1, "'[' without ']'"},
      {global + "[share]\nnetname = a\npath = /a\n[/global]\n", 6, 1, "[/share] belongs"},
      {global + share("") + "[share]\n netname = S\n path = /x\n[/share]\n", 8, 12, "rename one"},
      {global + "[share]\nnetname = a\n[/share]\n", 3, 1, "add path"},
      {global + "[share]\npath = /a\n[/share]\n", 3, 1, "add netname"},
      {global + share("permissions = everyone:read\nsecurity_descriptor = D:\n"), 7, 1, "keep one"},
      {global + share("permissions = everyone:write\n"), 6, 24, "write no, read, change or full"},
      {global + share("permissions = bob\n"), 6, 15, "id:access"},
      {global + share("permissions = bob:full,,\n"), 6, 24, "empty"},
      {global + share("permissions = *S-1-x:full\n"), 6, 15, "no SID"},
      {global + share("type = printer\npermissions = everyone:read\n"), 7, 15, "change or full"},
      {"[global]\nencrypt_data = yes\n[/global]\n", 2, 16, "neither true nor false"},
      {"[global]\nlog_level = 9\n[/global]\n", 2, 13, "0 to 5"},
      {"[global]\nconnections_max = 99999999999999999999999\n[/global]\n", 2, 19, "out of range"},
      {"[global]\nsmb2_read_max = 1M\n[/global]\n", 2, 17, "plain decimal"},
      {"[global]\ndialects = SMB2.002 SMB2.002x\n[/global]\n", 2, 21, "no dialect"},
      {"[global]\nlisten = ANY, 0.0.0.0,IPv4,445,DIRECT_TCP\n[/global]\n", 2, 14, "white space"},
      {"[global]\nlisten = ANY,1.2.3,IPv4,445\n[/global]\n", 2, 14, "no address"},
      {"[global]\nlisten = ANY,0.0.0.0,IPv4,70000\n[/global]\n", 2, 27, "1 to 65535"},
      {"[global]\nserver_name = SIXTEENBYTESLONG\n[/global]\n", 2, 30, "at most 15"},
      {"[global]\nEncrypt_Data = true\n[/global]\n", 2, 1, "lower case"},
      {"[Global]\n[/Global]\n", 1, 1, "lower case"},
      {global + share("require_message_signing = true\n"), 6, 1, "[global]"},
      {"[global]\nencrypt_data = true\nencrypt_data = false\n[/global]\n", 3, 1, "keep one of the two"},
      {"encrypt_data = true\n" + global, 1, 1, "outside of all sections"},
      {"[global]\n; comment\n[/global]\n", 2, 1, "write '#'"},
      {"[global]\nencrypt_data\n[/global]\n", 2, 1, "add the '='"},
      {share("") + global, 1, 1, "[share] before [global]"},
      {"[global]\nserver_comment = gr\xC3\xBC\xC3\x9F\n[/global]\n" + share("remark = gr\xFC\xDF\n"), 7, 12, "not UTF-8"},
      {std::string("[global]\nencrypt\0_data = true\n", 30), 2, 8, "NUL"},
      {"\xFF\xFE[\0", 1, 1, "UTF-16"},
      {"", 0, 0, "no [global]"},
      {global + share("path2 = /x\nforce_create_mode = 0999\n"), 7, 21, "octal"},
      {global + share("files_deny = a/b\n"), 6, 15, "'/'"},
      {"[global]\nlog_destination = file\n[/global]\n", 2, 19, "log_params"},
  };
  for (const auto& one : cases) {
    auto configuration = text(one.body);
    BOOST_TEST(configuration.fatal, one.body);
    bool found = false;
    for (const auto& diagnostic : configuration.diagnostics)
      found = found || (diagnostic.severity == Severity::fatal && diagnostic.line == one.line && diagnostic.column == one.column && diagnostic.message.find(one.says) != std::string::npos);
    std::string all;
    for (const auto& diagnostic : configuration.diagnostics) all += diagnostic.text() + "\n";
    BOOST_TEST(found, one.body << "\nsays\n" << all << "instead of " << one.line << ":" << one.column << " " << one.says);
  }
}

BOOST_AUTO_TEST_CASE(unknown_keys_and_sections_are_kept_and_named) {
  auto configuration = text("[global]\nencrypt_dat = true\n[/global]\n[cluster]\nnode = 1\n[/cluster]\n" + share("quota = 5\n"));
  BOOST_TEST(!configuration.fatal);
  BOOST_REQUIRE_EQUAL(configuration.diagnostics.size(), 3u);
  BOOST_TEST(configuration.diagnostics[0].message.find("did you mean encrypt_data?") != std::string::npos);
  BOOST_TEST(configuration.shares[0].find("quota")->value == "5");
}

BOOST_AUTO_TEST_CASE(every_prefix_of_a_file_is_refused_or_means_the_same) {
  auto whole = bytes(data("seed-share-off.conf"));
  for (std::size_t n = 0; n < whole.size() - 1; ++n) {
    auto configuration = text(whole.substr(0, n));
    bool complete = n == std::string("[global]\nencrypt_data = true\n[/global]").size() || n == std::string("[global]\nencrypt_data = true\n[/global]").size() + 1;
    BOOST_TEST(configuration.fatal == !complete, n);
  }
}

BOOST_AUTO_TEST_CASE(permissions_add_up_and_no_wins) {
  using Access = std::string;
  auto level = [](const policy::ShareVerdict& verdict) -> Access {
    return !verdict.allowed() ? "no" : verdict.read_only ? "read" : verdict.change_only ? "change" : "full";
  };
  auto settings = settings_of("[global]\nallow_guest = true\n[/global]\n" + share("permissions = everyone:read, @staff:change, bob:no, ann:full, guest:read\n"));
  BOOST_TEST(level(asked(settings, user("carol"))) == "read");
  BOOST_TEST(level(asked(settings, user("dave", "staff"))) == "change");
  BOOST_TEST(level(asked(settings, user("bob", "staff"))) == "no");
  BOOST_TEST(level(asked(settings, user("ann", "staff"))) == "full");
  auto guest = user("nobody");
  guest.guest = true;
  BOOST_TEST(level(asked(settings, guest)) == "read");
  BOOST_TEST(asked(settings, guest).as_guest);
  guest.anonymous = true;
  BOOST_TEST(level(asked(settings, guest)) == "no");
  auto nothing = settings_of("[global]\n[/global]\n" + share(""));
  BOOST_TEST(level(asked(nothing, user("bob"))) == "read");
  auto null_session = settings_of("[global]\nnull_session_access = true\n[/global]\n" + share("permissions = anonymous:read\n"));
  BOOST_TEST(level(asked(null_session, guest)) == "read");
  BOOST_TEST(level(asked(null_session, user("bob"))) == "no");
}

BOOST_AUTO_TEST_CASE(names_that_do_not_exist_are_left_out_and_a_no_for_one_closes_the_share) {
  LoadOptions options;
  options.names = std::make_shared<FakeNames>();
  auto outcome = fusion::load(text("[global]\n[/global]\n" + share("permissions = bob:full, nobdy:read, @crew:full\n")), options);
  BOOST_REQUIRE(outcome.ok());
  BOOST_TEST(outcome.settings->shares[0].permissions->size() == 1u);
  BOOST_TEST(outcome.settings->shares[0].not_served_because.empty());
  auto closed = fusion::load(text("[global]\n[/global]\n" + share("permissions = everyone:full, bbo:no\n")), options);
  BOOST_REQUIRE(closed.ok());
  BOOST_TEST(closed.settings->shares[0].not_served_because.find("there is no user 'bbo'") != std::string::npos);
  BOOST_TEST(!asked(*closed.settings, user("bob")).allowed());
  auto sid = fusion::load(text("[global]\n[/global]\n" + share("permissions = everyone:full, *S-1-5-21-1-2-3-500:no\n")), options);
  BOOST_TEST(!sid.settings->shares[0].not_served_because.empty());
}

BOOST_AUTO_TEST_CASE(signing_and_dialects_reach_the_policy) {
  auto signing = settings_of("[global]\nrequire_message_signing = true\n[/global]\n");
  BOOST_TEST(policy::announced_security_mode(signing) == 3u);
  BOOST_TEST(policy::session_signing(signing, 1, false).required);
  BOOST_TEST(!policy::session_signing(signing, 1, true).required);
  BOOST_TEST(signing.drop_unsigned);
  auto strict = settings_of("[global]\nrequire_message_signing = true\n[/global]\n", {false, false});
  BOOST_TEST(policy::session_signing(strict, 1, true).required);
  auto mirror = settings_of("[global]\n[/global]\n");
  BOOST_TEST(policy::announced_security_mode(mirror) == 1u);
  BOOST_TEST(!policy::session_signing(mirror, 1, false).required);
  auto gap = settings_of("[global]\ndialects = SMB2.002 SMB3.1.1\n[/global]\n");
  BOOST_TEST(policy::dialect_enabled(gap, policy::Dialect::smb2_02));
  BOOST_TEST(!policy::dialect_enabled(gap, policy::Dialect::smb3_00));
  BOOST_TEST(policy::dialect_enabled(gap, policy::Dialect::smb3_11));
  const std::uint16_t offered[] = {0x0202, 0x0300, 0x0302};
  BOOST_TEST((policy::choose_dialect(gap, offered) == policy::Dialect::smb2_02));
  BOOST_TEST(!policy::dialect_enabled(settings_of("[global]\ndialects = SMB1\n[/global]\n"), policy::Dialect::smb2_02));
}

// global encrypt_data, share's own, reject, reading -> session flag, session demanded, share flag, share demanded, for a client that can
BOOST_AUTO_TEST_CASE(the_table_of_encryption_intents) {
  struct Row {
    const char *global, *of_share;
    bool reject, old_reading, session_flag, session_required, share_flag, share_required;
  };
  const Row rows[] = {
      {"false", "", false, false, false, false, false, false},     {"true", "", false, false, true, false, true, false},
      {"true", "", true, false, true, true, true, true},           {"false", "true", false, false, false, false, true, false},
      {"true", "false", false, false, false, false, false, false}, {"false", "", true, false, false, true, false, true},
      {"false", "", true, true, false, false, false, false},       {"true", "", true, true, true, true, true, true},
      {"false", "true", true, true, false, false, true, true},     {"true", "false", true, true, false, false, false, false},
      {"true", "false", true, false, false, true, false, true},    {"true", "true", false, false, true, false, true, false},
  };
  for (const auto& row : rows) {
    std::string body = std::string("[global]\nencrypt_data = ") + row.global + (row.reject ? "\nreject_unencrypted_access = true" : "") + "\n[/global]\n" +
                       share(*row.of_share ? std::string("encrypt_data = ") + row.of_share + "\n" : "");
    auto settings = settings_of(body, {row.old_reading, true});
    auto session = policy::session_encryption(settings, true, false);
    auto tree = policy::share_encryption(settings, settings.shares[0], true, false, session);
    BOOST_TEST(session.encrypt_data == row.session_flag, body);
    BOOST_TEST(session.required == row.session_required, body);
    BOOST_TEST(tree.encrypt_data == row.share_flag, body);
    BOOST_TEST(tree.required == row.share_required, body);
    // A client that cannot encrypt is served in clear unless what it asks for demands it.
    auto clear = policy::session_encryption(settings, false, false);
    BOOST_TEST((clear.status == status::success) == !row.session_required, body);
    if (clear.status == status::success)
      BOOST_TEST((policy::share_encryption(settings, settings.shares[0], false, false, clear).status == status::success) == !row.share_required, body);
  }
}

BOOST_AUTO_TEST_CASE(shares_carry_their_settings) {
  auto settings = settings_of("[global]\nenable_oplock = false\nlisten = lo,127.0.0.1,IPv4,4455,DIRECT_TCP\n[/global]\n" +
                              share("hidden = true\nremark = R %S\nfiles_deny = a*|b\ncase_insensitive = true\nmap_attributes = xattr:v4,filename:H:.*\nvfs = libc:force_sync\n"));
  const auto& one = settings.shares[0];
  BOOST_TEST(!one.browseable);
  BOOST_TEST(one.comment == "R %S");
  BOOST_TEST(one.veto_files == "/a*/b/");
  BOOST_TEST((one.case_sensitive == policy::CaseSensitive::no));
  BOOST_TEST(one.store_dos_attributes);
  BOOST_TEST(one.hide_dot_files);
  BOOST_TEST(one.sync_always);
  BOOST_TEST(!one.oplocks);
  BOOST_TEST(settings.ports.at(0) == 4455u);
  BOOST_TEST(settings.interfaces.at(0) == "127.0.0.1");
  BOOST_TEST(settings.bind_interfaces_only);
  auto plain = settings_of("[global]\n[/global]\n" + share(""));
  BOOST_TEST((plain.shares[0].case_sensitive == policy::CaseSensitive::yes));
  BOOST_TEST(!plain.shares[0].hide_dot_files);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_honoured_is_not_served) {
  for (auto line : {"files_allow = *.txt\n", "security_descriptor = D:(A;;FA;;;WD)\n", "type = printer\npermissions = everyone:full\n"}) {
    auto settings = settings_of("[global]\n[/global]\n" + share(line));
    BOOST_TEST(!settings.shares[0].not_served_because.empty(), line);
  }
}

BOOST_AUTO_TEST_CASE(the_command_line_wins_and_reaches_both_languages) {
  LoadOptions options;
  options.overrides = {"encrypt_data=true", "pid directory = /p", "bossa:reject only where encrypted=true", "listen=ANY,0.0.0.0,IPv4,4456,DIRECT_TCP"};
  auto outcome = fusion::load(text("[global]\nencrypt_data = false\nlisten = ANY,0.0.0.0,IPv4,445,DIRECT_TCP\nreject_unencrypted_access = true\n[/global]\n"), options);
  BOOST_REQUIRE(outcome.ok());
  BOOST_TEST((outcome.settings->encryption == policy::Encryption::required));
  BOOST_TEST(!outcome.settings->reject_unencrypted);
  BOOST_TEST(outcome.settings->pid_directory == "/p");
  BOOST_REQUIRE_EQUAL(outcome.settings->ports.size(), 1u);
  BOOST_TEST(outcome.settings->ports[0] == 4456u);
  for (auto bad : {"encrypt_data=yes", "no such thing=1", "bossa:other=true"}) {
    LoadOptions wrong;
    wrong.overrides = {bad};
    BOOST_TEST(!fusion::load(text("[global]\n[/global]\n"), wrong).ok(), bad);
  }
}

BOOST_AUTO_TEST_CASE(the_language_is_detected) {
  BOOST_TEST(fusion::looks_like_fusion("# c\n[global]\n a = b\n[/global]\n"));
  BOOST_TEST(fusion::looks_like_fusion("[share]\nnetname = x\n"));
  BOOST_TEST(!fusion::looks_like_fusion("[global]\n workgroup = X\n[share]\n path = /x\n"));
  BOOST_TEST(!fusion::looks_like_fusion(""));
}

BOOST_AUTO_TEST_SUITE_END()
