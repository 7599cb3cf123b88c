#include "daemon/listeners.hpp"

#include <boost/test/unit_test.hpp>

#include <poll.h>
#include <sys/socket.h>

#include "daemon/port_owner.hpp"
#include "daemon/test_support.hpp"

using namespace bossa;
using namespace bossa::daemon;
using namespace bossa::daemon::test;

namespace {

Address address(const char* text) {
  Address parsed;
  BOOST_REQUIRE(Address::parse(text, parsed));
  return parsed;
}
const std::vector<Interface>& machine() {
  static const std::vector<Interface> list{{"lo", address("127.0.0.1"), 8},      {"lo", address("::1"), 128},
                                           {"eth0", address("10.1.0.5"), 24},    {"eth0", address("10.1.0.6"), 24},
                                           {"eth0", address("fd00:1::5"), 64},   {"eth0", address("fe80::5"), 64},
                                           {"eth1", address("192.168.7.1"), 24}, {"wg0", address("10.3.0.1"), 32}};
  return list;
}
std::string listened(std::vector<std::string> interfaces, bool only = true) {
  policy::Settings settings;
  settings.interfaces = std::move(interfaces);
  settings.bind_interfaces_only = only;
  auto found = listen_addresses(settings, machine(), true, [](const std::string& name) {
    return name == "nas.example" ? std::vector<Address>{address("10.1.0.5"), address("10.99.0.1")} : std::vector<Address>{};
  });
  std::string text;
  for (const auto& it : found.addresses) text += (text.empty() ? "" : " ") + it.text();
  if (!found.warnings.empty()) text += " +" + std::to_string(found.warnings.size()) + " warnings";
  if (!found.error.empty()) text += " error";
  return text;
}

/// A port nobody listens on right now.
std::uint16_t free_port() {
  for (std::uint16_t port = 24470; port < 24600; ++port) {
    if (open_listeners({Address{}}, {port}).error.empty() && open_listeners({address("::1")}, {port}).error.empty()) return port;
  }
  throw std::runtime_error("no free port");
}

} // namespace

BOOST_AUTO_TEST_CASE(without_bind_interfaces_only_everything_is_listened_on) {
  BOOST_TEST(listened({"eth0"}, false) == "0.0.0.0 ::");
  BOOST_TEST(listened({}, true) == "0.0.0.0 ::"); // smbd: without `interfaces` the switch does nothing
  policy::Settings settings;
  BOOST_TEST(listen_addresses(settings, machine(), false, resolve_host).addresses.size() == 1U);
}

BOOST_AUTO_TEST_CASE(interfaces_by_name) {
  BOOST_TEST(listened({"lo"}) == "127.0.0.1 ::1");
  BOOST_TEST(listened({"eth0"}) == "10.1.0.5 10.1.0.6 fd00:1::5"); // link-local addresses are left out
  BOOST_TEST(listened({"eth*"}) == "10.1.0.5 10.1.0.6 fd00:1::5 192.168.7.1");
  BOOST_TEST(listened({"eth?", "lo"}) == "10.1.0.5 10.1.0.6 fd00:1::5 192.168.7.1 127.0.0.1 ::1");
  BOOST_TEST(listened({"\"eth1;speed=1000,capability=RSS\""}) == "192.168.7.1");
  BOOST_TEST(listened({"lo", "nosuch"}) == "127.0.0.1 ::1 +1 warnings");
  BOOST_TEST(listened({"nosuch*"}) == " +1 warnings error");
}

BOOST_AUTO_TEST_CASE(interfaces_by_address_and_network) {
  BOOST_TEST(listened({"127.0.0.1"}) == "127.0.0.1");
  BOOST_TEST(listened({"::1", "127.0.0.1", "127.0.0.1/8"}) == "::1 127.0.0.1"); // no address twice
  BOOST_TEST(listened({"10.1.0.0/24"}) == "10.1.0.5 10.1.0.6");
  BOOST_TEST(listened({"10.1.0.0/255.255.255.0"}) == "10.1.0.5 10.1.0.6");
  BOOST_TEST(listened({"10.1.0.6/24"}) == "10.1.0.6");
  BOOST_TEST(listened({"127.0.0.0/8", "eth1"}) == "127.0.0.1 192.168.7.1");
  BOOST_TEST(listened({"fd00:1::/64"}) == "fd00:1::5");
  BOOST_TEST(listened({"10.3.0.1/32"}) == "10.3.0.1");
  BOOST_TEST(listened({"nas.example"}) == "10.1.0.5");
  BOOST_TEST(listened({"172.16.0.0/12", "lo"}) == "127.0.0.1 ::1 +1 warnings");
  BOOST_TEST(listened({"10.1.0.77"}) == " +1 warnings error");
  BOOST_TEST(listened({"10.1.0.77/24"}) == "10.1.0.77"); // no network: taken as it is, and the bind fails with a sentence
  BOOST_TEST(listened({"10.1.0.0/33", "lo"}) == "127.0.0.1 ::1 +1 warnings");
  BOOST_TEST(listened({"10.1.0.0/255.0.255.0", "lo"}) == "127.0.0.1 ::1 +1 warnings");
}

BOOST_AUTO_TEST_CASE(a_listener_accepts_and_the_port_is_free_again_afterwards) {
  auto port = free_port();
  for (int round = 0; round < 2; ++round) { // the second time connections of the first are in TIME_WAIT
    auto opened = open_listeners({address("127.0.0.1")}, {port});
    BOOST_REQUIRE_MESSAGE(opened.error.empty(), opened.error);
    BOOST_TEST(opened.listeners.size() == 1U);
    int listener = opened.listeners[0].release();
    int client = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_TEST(connect(client, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    pollfd ready{listener, POLLIN, 0};
    BOOST_TEST(poll(&ready, 1, 5000) == 1);
    int server = accept(listener, nullptr, nullptr);
    BOOST_TEST(server >= 0);
    close(server); // the side that closes first keeps the TIME_WAIT
    close(client);
    close(listener);
  }
}

BOOST_AUTO_TEST_CASE(a_taken_port_names_its_process) {
  auto port = free_port();
  for (const char* theirs : {"127.0.0.1", "0.0.0.0"}) {
    auto first = open_listeners({address(theirs)}, {port});
    BOOST_REQUIRE_MESSAGE(first.error.empty(), first.error);
    for (const char* ours : {"127.0.0.1", "0.0.0.0"}) {
      auto second = open_listeners({address(ours)}, {port});
      BOOST_TEST(second.listeners.empty());
      BOOST_TEST(second.error.find("test_daemon (process " + std::to_string(getpid()) + ") already listens there") !=
                     std::string::npos,
                 second.error);
    }
  }
  auto v6 = open_listeners({address("::1")}, {port});
  BOOST_TEST(v6.error.empty());
  BOOST_TEST(!open_listeners({address("::")}, {port}).error.empty());
  BOOST_TEST(open_listeners({address("127.0.0.1")}, {port}).error.empty()); // the other family is free
}

// smbd listens with SO_REUSEADDR and SO_REUSEPORT; a careless bind would succeed beside it.
BOOST_AUTO_TEST_CASE(a_running_smbd_is_noticed, *boost::unit_test::precondition([](auto) { return geteuid() == 0; })) {
  Folder folder;
  auto port = free_port();
  Child smbd({"/usr/sbin/smbd", "-F", "--no-process-group", "-s", write_smb_conf(folder.path, port), "-l", folder.path});
  auto owned = [&] {
    return port_owners(address("127.0.0.1"), port).size() == 1 && port_owners(address("::1"), port).size() == 1;
  };
  for (int n = 0; n < 500 && !owned(); ++n) usleep(20'000);
  auto expected = "smbd (process " + std::to_string(smbd.pid()) + ") already listens there";
  for (const char* ours : {"127.0.0.1", "0.0.0.0", "::1", "::"}) {
    auto opened = open_listeners({address(ours)}, {port});
    BOOST_TEST(opened.error.find(expected) != std::string::npos, ours << ": " << opened.error);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listened_on_is_told_in_one_sentence) {
  BOOST_TEST(open_listeners({address("203.0.113.1")}, {24470}).error.find("no interface of this machine") != std::string::npos);
  BOOST_TEST(!open_listeners({Address{}}, {}).error.empty());
}

BOOST_AUTO_TEST_CASE(interfaces_of_this_machine_include_loopback) {
  bool found = false;
  for (const auto& it : machine_interfaces())
    found = found || (it.name == "lo" && it.address.text() == "127.0.0.1" && it.prefix == 8);
  BOOST_TEST(found);
}
