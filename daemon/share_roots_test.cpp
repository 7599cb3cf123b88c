#include <boost/test/unit_test.hpp>

#include "daemon/share_roots.hpp"

using namespace bossa;
using daemon::leads_to;
using daemon::share_roots;

namespace {

policy::ShareSettings share(std::string name, std::string path) {
  policy::ShareSettings made;
  made.name = std::move(name);
  made.path = std::move(path);
  return made;
}
std::optional<std::string> no_home() { return std::nullopt; }
std::optional<std::string> bobs_home() { return "/home/bob"; }

} // namespace

BOOST_AUTO_TEST_SUITE(share_roots_of_a_configuration)

BOOST_AUTO_TEST_CASE(paths_without_macros_are_known_and_others_are_not) {
  policy::Settings settings;
  settings.shares = {share("b", "/srv/b"), share("a", "/srv/a"), share("u", "/users/%U"), share("again", "/srv/a")};
  auto roots = share_roots(settings);
  BOOST_TEST(roots.known == (std::vector<std::string>{"/srv/a", "/srv/b"}), boost::test_tools::per_element());
  BOOST_TEST(roots.patterns == (std::vector<std::string>{"/users/%U"}), boost::test_tools::per_element());
  BOOST_TEST(!roots.homes);
  BOOST_TEST(roots.wide_links.empty());
}

BOOST_AUTO_TEST_CASE(a_percent_sign_in_a_fusion_path_is_itself) {
  policy::Settings settings;
  settings.format = policy::ConfigFormat::fusion;
  settings.shares = {share("u", "/users/%U")};
  BOOST_TEST(share_roots(settings).known == (std::vector<std::string>{"/users/%U"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(shares_that_are_not_served_open_nothing) {
  policy::Settings settings;
  settings.shares = {share("a", "/srv/a"), share("b", "/srv/b")};
  settings.shares[0].available = false;
  settings.shares[1].not_served_because = "its list";
  settings.shares[1].wide_links = true;
  auto roots = share_roots(settings);
  BOOST_TEST(roots.known.empty());
  BOOST_TEST(roots.wide_links.empty());
}

BOOST_AUTO_TEST_CASE(a_share_with_wide_links_is_named) {
  policy::Settings settings;
  settings.shares = {share("a", "/srv/a"), share("w", "/srv/w")};
  settings.shares[1].wide_links = true;
  BOOST_TEST(share_roots(settings).wide_links == "w");
}

BOOST_AUTO_TEST_CASE(a_directory_must_be_one_that_a_share_leads_to) {
  policy::Settings settings;
  settings.shares = {share("a", "/srv/a"), share("u", "/users/%U"), share("top", "/%U/data")};
  auto roots = share_roots(settings);
  for (const auto* good : {"/srv/a", "/srv/a/", "/srv/./a", "/users/bob", "/users/DOM/bob", "/bob/data"}) BOOST_TEST(leads_to(roots, good, no_home), good);
  for (const auto* bad : {"/", "/srv", "/srv/a/b", "/etc", "/users", "/users/../etc", "srv/a", "", "/bob/data/x", "/etc/ssh", "/home/bob"})
    BOOST_TEST(!leads_to(roots, bad, bobs_home), bad);
}

BOOST_AUTO_TEST_CASE(homes_lead_to_the_users_own_directory_alone) {
  policy::Settings settings;
  settings.shares = {share("homes", "")};
  settings.shares[0].is_homes = true;
  auto roots = share_roots(settings);
  BOOST_TEST(leads_to(roots, "/home/bob", bobs_home));
  BOOST_TEST(!leads_to(roots, "/home/alice", bobs_home));
  BOOST_TEST(!leads_to(roots, "/home", bobs_home));
  BOOST_TEST(!leads_to(roots, "/home/bob", no_home));
  settings.shares = {share("mine", "%H/public")};
  BOOST_TEST(leads_to(share_roots(settings), "/home/bob/public", bobs_home));
  for (const auto* bad : {"/home/bob", "/home/bob/private", "/home/bob/public/x", "/home/alice/public"}) BOOST_TEST(!leads_to(share_roots(settings), bad, bobs_home), bad);
}

BOOST_AUTO_TEST_CASE(folders_with_snapshots_are_led_to) {
  policy::Settings settings;
  settings.shares = {share("a", "/srv/a/deep"), share("b", "/srv/b")};
  for (auto& one : settings.shares) one.vfs_objects = {"shadow_copy2"};
  settings.shares[1].options["shadow:snapdir"] = "/snapshots/b";
  auto roots = share_roots(settings);
  for (const auto* good : {"/srv/a/deep/.snapshots", "/srv/a/.snapshots", "/srv/.snapshots", "/.snapshots", "/snapshots/b"}) BOOST_TEST(leads_to(roots, good, no_home), good);
  for (const auto* bad : {"/snapshots", "/srv/b/.snapshots", "/srv/a/deep/er/.snapshots", "/etc/.snapshots", "/srv/a/../.snapshots", "/srv/a/x.snapshots"})
    BOOST_TEST(!leads_to(roots, bad, no_home), bad);
  auto real = [](const std::string& path) { return path == "/srv/a/deep" ? "/mnt/disk/deep" : path; };
  BOOST_TEST(leads_to(roots, "/mnt/disk/.snapshots", no_home, real));
  BOOST_TEST(!leads_to(roots, "/mnt/other/.snapshots", no_home, real));
}

BOOST_AUTO_TEST_CASE(a_mount_point_that_is_written_down_is_the_only_one) {
  policy::Settings settings;
  settings.shares = {share("a", "/srv/a/deep")};
  settings.shares[0].vfs_objects = {"shadow_copy2"};
  settings.shares[0].options["shadow:mountpoint"] = "/srv/a/";
  settings.shares[0].options["shadow:snapdir"] = ".zfs/snapshot";
  auto roots = share_roots(settings);
  BOOST_TEST(leads_to(roots, "/srv/a/.zfs/snapshot", no_home));
  for (const auto* bad : {"/srv/a/deep/.zfs/snapshot", "/srv/.zfs/snapshot", "/srv/a/.zfs", "/srv/a/snapshot"}) BOOST_TEST(!leads_to(roots, bad, no_home), bad);
}

BOOST_AUTO_TEST_CASE(snapshots_of_homes_and_patterns_are_led_to) {
  policy::Settings settings;
  settings.shares = {share("homes", ""), share("u", "/users/%U/data")};
  settings.shares[0].is_homes = true;
  for (auto& one : settings.shares) one.vfs_objects = {"shadow_copy2"};
  auto roots = share_roots(settings);
  for (const auto* good : {"/home/bob/.snapshots", "/home/.snapshots", "/users/.snapshots", "/users/bob/.snapshots"}) BOOST_TEST(leads_to(roots, good, bobs_home), good);
  for (const auto* bad : {"/home/alice/.snapshots", "/etc/.snapshots"}) BOOST_TEST(!leads_to(roots, bad, bobs_home), bad);
}

BOOST_AUTO_TEST_SUITE_END()
