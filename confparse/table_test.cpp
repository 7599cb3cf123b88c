#include "confparse/table.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <map>
#include <set>

#include "confparse/bind.hpp"
#include "confparse/manual.hpp"
#include "confparse/testdata_reader.hpp"

using namespace bossa::confparse;

namespace {
const std::map<std::string, Type> types{{"bool", Type::Bool},     {"enum", Type::Enum},       {"integer", Type::Integer}, {"octal", Type::Octal},
                                        {"bytes", Type::Bytes},   {"string", Type::String},   {"ustring", Type::UString}, {"list", Type::List},
                                        {"cmdlist", Type::CmdList}, {"char", Type::Char}};
}  // namespace

BOOST_AUTO_TEST_SUITE(table)

BOOST_AUTO_TEST_CASE(every_parameter_of_samba_is_in_the_table_with_its_facts) {
  auto rows = testing::tsv_rows(BOSSA_SOURCE_DIR "/confparse/testdata/smbconf-parameters.tsv");
  unsigned known = 0, synonym_count = 0;
  std::map<int, std::string> order[2];
  for (auto& row : rows) {
    if (row[0] == "name") continue;
    row.resize(10);
    auto found = find_parameter(row[0]);
    BOOST_REQUIRE_MESSAGE(found, row[0]);
    const auto& have = parameter(found->id);
    ++known;
    BOOST_TEST(have.name == row[0]);
    BOOST_TEST((have.scope == Scope::global) == (row[1] == "G"), row[0]);
    BOOST_TEST((have.type == types.at(row[2])), row[0]);
    BOOST_TEST(have.values == row[3], row[0]);
    if (row[4] != "(not printed)") BOOST_TEST(have.default_text == row[4], row[0]);
    BOOST_TEST((have.standing == Standing::deprecated) == (row[6] == "deprecated"), row[0]);
    BOOST_TEST(!have.description.empty(), row[0]);
    order[have.scope == Scope::global][std::stoi(row[7])] = row[0];
    for (std::size_t at = 0; at < row[5].size();) {
      auto end = std::min(row[5].find(", ", at), row[5].size());
      auto name = row[5].substr(at, end - at);
      bool inverted = name.starts_with("!");
      auto synonym = find_parameter(name.substr(inverted));
      BOOST_REQUIRE_MESSAGE(synonym, name);
      BOOST_TEST(synonym->id == found->id);
      BOOST_TEST(synonym->inverted == inverted);
      ++synonym_count;
      at = end + 2;
    }
  }
  BOOST_TEST(known == 477u);
  auto later = [](const Parameter& row) { return row.standing == Standing::later; };
  BOOST_TEST(parameters().size() - static_cast<std::size_t>(std::ranges::count_if(parameters(), later)) == known);
  BOOST_TEST(synonym_count == 38u);
  BOOST_TEST(synonyms().size() == synonym_count);
  std::vector<std::string> expected, got;
  for (int global : {1, 0}) {
    for (const auto& [place, name] : order[global]) expected.push_back(name);
  }
  for (const auto& row : parameters()) {
    if (!later(row)) got.emplace_back(row.name);
  }
  BOOST_TEST(got == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_parameter_has_a_treatment) {
  for (ParameterId id = 0; id < parameters().size(); ++id) {
    const auto& row = parameter(id);
    bool acted_on = row.support == Support::full;
    BOOST_TEST(treatment(id).empty() == acted_on, row.name);
    BOOST_TEST((reason(id) == Reason::none) == acted_on, row.name);
    BOOST_TEST(row.description.find('|') == std::string_view::npos, row.name);
  }
}

BOOST_AUTO_TEST_CASE(older_and_newer_names_are_none_of_todays) {
  std::set<std::string> names;
  for (const auto& row : other_parameters()) {
    BOOST_TEST(!find_parameter(row.name), row.name);
    BOOST_TEST(names.insert(folded_name(row.name)).second, row.name);
    BOOST_TEST(find_other(row.name) == &row);
    BOOST_TEST(row.until.empty() == row.later, row.name);
    BOOST_TEST(row.from.empty() != row.later, row.name);
  }
  BOOST_TEST(find_other("Security  Mask"));
  BOOST_TEST(!find_other("valid users"));
}

BOOST_AUTO_TEST_CASE(a_line_without_equals_sign_is_known_by_its_beginning) {
  BOOST_TEST((parameter_in_front("valid users : bob") == id_of("valid users")));
  BOOST_TEST((parameter_in_front("valid users bob") == id_of("valid users")));
  BOOST_TEST((parameter_in_front("server signing") == id_of("server signing")));
  BOOST_TEST(!parameter_in_front("this is just text"));
}

BOOST_AUTO_TEST_CASE(names_ignore_case_and_blanks_and_nothing_else) {
  for (auto name : {"ServerSigning", "SERVER  SIGNING", "server\tsigning", "s erversigning"}) BOOST_TEST(find_parameter(name).has_value(), name);
  for (auto name : {"server_signing", "server-signing", "\"workgroup\"", "valid user", ""}) BOOST_TEST(!find_parameter(name), name);
}

BOOST_AUTO_TEST_CASE(misspelt_names_find_their_neighbour) {
  BOOST_TEST(nearest_parameter("valid user") == "valid users");
  BOOST_TEST(nearest_parameter("hosts alow") == "hosts allow");
  BOOST_TEST(nearest_parameter("server min protocl") == "server min protocol");
  BOOST_TEST(nearest_parameter("raed only") == "read only");
  BOOST_TEST(nearest_parameter("frobnicate") == "");
}

BOOST_AUTO_TEST_CASE(parameters_that_are_not_acted_on_only_get_fewer) {
  unsigned count = 0;
  for (const auto& row : parameters()) count += row.support != Support::full;
  unsigned ceiling = 0;
  std::ifstream(BOSSA_SOURCE_DIR "/confparse/not-acted-on.ceiling") >> ceiling;
  BOOST_TEST_MESSAGE("known parameters that are not acted on: " << count << " (ceiling " << ceiling << ")");
  std::printf("known parameters that are not acted on: %u (ceiling %u)\n", count, ceiling);
  BOOST_TEST(count <= ceiling, "more parameters are without effect than before");
  BOOST_TEST(count == ceiling, "fewer are left: lower confparse/not-acted-on.ceiling to " << count);
}

BOOST_AUTO_TEST_CASE(the_manual_is_current) {
  BOOST_TEST((testing::file_bytes(BOSSA_SOURCE_DIR "/docs/smb.conf.md") == manual()), "write it anew: bossa-testparm --manual > docs/smb.conf.md");
}

BOOST_AUTO_TEST_CASE(settings_start_from_the_tables_defaults) {
  auto settings = to_settings(read_text("smb.conf", "[s]\npath = /s\n", {{}, {}, "box.example.com", false, {}}));
  bossa::policy::Settings built_in;
  bossa::policy::ShareSettings share;
  const auto& read = settings.shares.at(0);
  BOOST_TEST(settings.netbios_name == "BOX");
#define SAME(field) BOOST_TEST((settings.field == built_in.field), #field)
  SAME(workgroup); SAME(server_string); SAME(min_dialect); SAME(max_dialect); SAME(signing); SAME(encryption); SAME(signing_algorithms);
  SAME(encryption_algorithms); SAME(ports); SAME(passdb_backend); SAME(map_to_guest); SAME(guest_account); SAME(ntlm_auth); SAME(log_level);
  SAME(log_level_text); SAME(max_log_size_kib); SAME(pid_directory); SAME(lock_directory); SAME(state_directory); SAME(cache_directory);
  SAME(private_dir); SAME(max_read); SAME(max_write); SAME(max_transact); SAME(max_credits); SAME(deadtime_minutes); SAME(keepalive_seconds);
  SAME(multichannel); SAME(unix_extensions); SAME(socket_options); SAME(restrict_anonymous); SAME(winbind_separator); SAME(hosts_allow);
#undef SAME
#define SAME(field) BOOST_TEST((read.field == share.field), #field)
  SAME(comment); SAME(browseable); SAME(available); SAME(read_only); SAME(guest_ok); SAME(guest_only); SAME(printable); SAME(create_mask);
  SAME(force_create_mode); SAME(directory_mask); SAME(force_directory_mode); SAME(veto_files); SAME(hide_files); SAME(hide_dot_files);
  SAME(hide_special_files); SAME(hide_unreadable); SAME(hide_unwriteable_files); SAME(delete_veto_files); SAME(case_sensitive);
  SAME(preserve_case); SAME(short_preserve_case); SAME(default_case_upper); SAME(store_dos_attributes); SAME(map_archive); SAME(map_hidden);
  SAME(map_system); SAME(map_readonly); SAME(ea_support); SAME(follow_symlinks); SAME(wide_links); SAME(inherit_permissions);
  SAME(inherit_acls); SAME(inherit_owner); SAME(dos_filemode); SAME(delete_readonly); SAME(strict_sync); SAME(sync_always);
  SAME(strict_allocate); SAME(dos_filetimes); SAME(dos_filetime_resolution); SAME(oplocks); SAME(level2_oplocks); SAME(kernel_oplocks);
  SAME(durable_handles); SAME(continuous_availability); SAME(posix_locking); SAME(strict_locking); SAME(access_based_enumeration); SAME(max_connections); SAME(block_size);
  SAME(fstype); SAME(volume); SAME(vfs_objects); SAME(encryption); SAME(valid_users); SAME(force_user); SAME(force_group);
#undef SAME
}

BOOST_AUTO_TEST_SUITE_END()
